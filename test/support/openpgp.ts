import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A key that a test makes, uses and throws away. */
export interface ThrowawayKey {
  readonly fingerprint: string;
  /** Its public half, armoured and not. */
  readonly armouredFile: string;
  readonly binaryFile: string;
  detached(content: Uint8Array | string): Buffer;
  clearSigned(content: Uint8Array | string): Buffer;
  /** gpg in the key's own home. */
  gpg(args: readonly string[], input?: Uint8Array | string): Buffer;
  readonly home: string;
}

/** `expires`: as gpg takes it (`never`, `1y`, `seconds=5`). `at`: seconds since 1970 that gpg takes for now. */
export function makeKey(t: TestContext, name: string, options: { expires?: string; at?: number } = {}): ThrowawayKey {
  // Not below TMPDIR: gpg's agent has a socket in it, whose path may have 107 bytes.
  const home = mkdtempSync('/tmp/rackready-gpg-');
  const env = { ...process.env, GNUPGHOME: home, LC_ALL: 'C' };
  t.after(() => {
    execFileSync('gpgconf', ['--kill', 'all'], { env, stdio: 'ignore' });
    rmSync(home, { recursive: true, force: true });
  });
  const clock = options.at === undefined ? [] : ['--faked-system-time', `${options.at}`];
  const gpg = (args: readonly string[], input?: Uint8Array | string) =>
    execFileSync('gpg', ['--batch', '--quiet', '--no-tty', '--pinentry-mode', 'loopback', ...clock, ...args], {
      env,
      input,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  const user = `${name} <${name}@example.org>`;
  gpg(['--passphrase', '', '--quick-generate-key', user, 'rsa2048', 'sign', options.expires ?? 'never']);
  const listed = gpg(['--with-colons', '--list-keys']).toString();
  const fingerprint = /^fpr:::::::::([0-9A-F]+):/m.exec(listed)?.[1] ?? '';
  const armouredFile = join(home, 'public.asc');
  const binaryFile = join(home, 'public.gpg');
  writeFileSync(armouredFile, gpg(['--armor', '--export', fingerprint]));
  writeFileSync(binaryFile, gpg(['--export', fingerprint]));
  return {
    fingerprint,
    armouredFile,
    binaryFile,
    home,
    gpg,
    detached: (content) => gpg(['--armor', '--detach-sign'], content),
    clearSigned: (content) => gpg(['--clear-sign'], content),
  };
}

/** One file with the public keys of several. */
export function joinKeyrings(keys: readonly ThrowawayKey[]): Buffer {
  return Buffer.concat(keys.map(({ binaryFile }) => readFileSync(binaryFile)));
}
