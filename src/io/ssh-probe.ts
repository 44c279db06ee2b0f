import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What answers on a machine's SSH port. */
export type SshAnswer =
  | { readonly kind: 'closed'; readonly reason: string }
  /** `hostKeys`: "ssh-ed25519 AAAA…"; undefined when this host has no ssh-keyscan. */
  | { readonly kind: 'open'; readonly banner: string; readonly hostKeys: readonly string[] | undefined };

/** Looks who answers by SSH at an address. Logs in nowhere. Never rejects. */
export async function probeSsh(
  address: string,
  options: { readonly port?: number; readonly timeoutMs: number },
): Promise<SshAnswer> {
  const port = options.port ?? 22;
  const banner = await readBanner(address, port, options.timeoutMs);
  if (banner.kind === 'closed') return banner;
  return { ...banner, hostKeys: await scanHostKeys(address, port, options.timeoutMs) };
}

type Banner = { readonly kind: 'closed'; readonly reason: string } | { readonly kind: 'open'; readonly banner: string };

function readBanner(address: string, port: number, timeoutMs: number): Promise<Banner> {
  const { promise, resolve } = Promise.withResolvers<Banner>();
  const socket = connect({ host: address, port, timeout: timeoutMs });
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    text += chunk;
    const line = text.split(/\r?\n/).find((one) => one.startsWith('SSH-'));
    if (line !== undefined && text.includes('\n')) resolve({ kind: 'open', banner: line.slice(0, 200) });
    else if (text.length > 4096) resolve({ kind: 'closed', reason: 'what answers is not SSH' });
  });
  socket.on('timeout', () => resolve({ kind: 'closed', reason: 'no answer' }));
  socket.on('end', () => resolve({ kind: 'closed', reason: 'the connection ended without a word' }));
  socket.on('error', (error: NodeJS.ErrnoException) =>
    resolve({ kind: 'closed', reason: error.code ?? error.message }),
  );
  return promise.finally(() => socket.destroy());
}

/** The key exchange is OpenSSH's business, not ours. */
async function scanHostKeys(address: string, port: number, timeoutMs: number): Promise<readonly string[] | undefined> {
  const seconds = String(Math.max(1, Math.ceil(timeoutMs / 1000)));
  try {
    const { stdout } = await run('ssh-keyscan', ['-T', seconds, '-p', String(port), address], {
      timeout: timeoutMs * 4,
    });
    return stdout.split('\n').flatMap((line) => {
      const [, type, key] = /^\S+ (\S+) (\S+)/.exec(line) ?? [];
      return type && key && !line.startsWith('#') ? [`${type} ${key}`] : [];
    });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : [];
  }
}
