import { execFile } from 'node:child_process';
import { ProvisionError } from '../../net/provision-error.ts';
import type { MadeIndex } from './make-yum.ts';

const TIMEOUT_MS = 120_000;

/** Signs an index with a key of this account's gpg, as a distribution does: `repomd.xml.asc`; `Release.gpg` and `InRelease`. */
export async function signIndex(index: MadeIndex, key: string): Promise<MadeIndex> {
  const files = new Map(index.files);
  const entries: string[] = [];
  for (const entry of index.entries) {
    const content = files.get(entry) ?? Buffer.of();
    const isRelease = entry.endsWith('/Release');
    const detached = isRelease ? `${entry}.gpg` : `${entry}.asc`;
    files.set(detached, await gpg(['--armor', '--detach-sign'], key, content));
    entries.push(detached, entry);
    if (!isRelease) continue;
    const inline = entry.replace(/Release$/, 'InRelease');
    files.set(inline, await gpg(['--clear-sign'], key, content));
    entries.push(inline);
  }
  return { files, entries };
}

function gpg(what: readonly string[], key: string, content: Uint8Array): Promise<Buffer> {
  // A key id that begins with a dash would be an option.
  const args = ['--batch', '--yes', '--digest-algo', 'SHA512', `--local-user=${key}`, ...what];
  return new Promise((resolve, reject) => {
    const child = execFile('gpg', args, { encoding: 'buffer', timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const isMissing = error.code === 'ENOENT';
      const reason = isMissing ? 'gpg is not installed' : stderr.toString().trim().split('\n').at(-1);
      const hint = isMissing ? 'Install the package gpg.' : 'Look at the keys of this account: gpg --list-secret-keys';
      reject(new ProvisionError('missing-tool', `Cannot sign with the key ${key}: ${reason}`, { hint }));
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(content);
  });
}
