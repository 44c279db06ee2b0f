import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { ProvisionError } from '../../net/provision-error.ts';
import { reasonOf } from './http-client.ts';

/**
 * A file's content in pieces, decompressed by the suffix of the name that upstream gave it. Rejects with `upstream-failed` when
 * it becomes longer than `maxOpenBytes`, or is not what its name says.
 */
export async function* openStream(file: string, name: string, maxOpenBytes: number): AsyncIterable<Uint8Array> {
  const { output, ended } = decompress(file, name);
  let bytes = 0;
  try {
    for await (const chunk of output as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxOpenBytes) throw failed(name, `unpacks to more than ${maxOpenBytes} bytes`);
      yield chunk;
    }
    await ended;
  } catch (error) {
    if (error instanceof ProvisionError) throw error;
    throw failed(name, `cannot be unpacked: ${reasonOf(error)}`);
  } finally {
    output.destroy();
    // Whoever stops reading early has no use for its end.
    ended.catch(() => undefined);
  }
}

function decompress(file: string, name: string): { readonly output: Readable; readonly ended: Promise<void> } {
  const input = createReadStream(file, { highWaterMark: 256 * 1024 });
  const done = Promise.resolve();
  if (/\.(gz|tgz)$/.test(name)) return { output: pipeline(input, createGunzip(), () => {}), ended: done };
  if (/\.zst$/.test(name)) return { output: pipeline(input, createZstdDecompress(), () => {}), ended: done };
  if (!/\.(xz|bz2)$/.test(name)) return { output: input, ended: done };
  input.destroy();
  return unpackBy(name.endsWith('.xz') ? 'xz' : 'bzip2', file);
}

/** Node knows neither of these formats. */
function unpackBy(program: 'xz' | 'bzip2', file: string): { readonly output: Readable; readonly ended: Promise<void> } {
  const child = spawn(program, ['-dc', '--', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(0, 500);
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once('error', () => {
    const message = `The program ${program} is not there, and the upstream's metadata are packed with it`;
    reject(
      new ProvisionError('missing-tool', message, {
        hint: `Install it: sudo apt-get install ${program === 'xz' ? 'xz-utils' : program}`,
      }),
    );
  });
  child.once('close', (code) => {
    if (code === 0) resolve();
    else reject(new Error(said.trim() || `${program} ended with ${code}`));
  });
  return { output: child.stdout, ended: promise };
}

function failed(name: string, what: string): ProvisionError {
  return new ProvisionError('upstream-failed', `${name} ${what}`);
}
