import { spawn } from 'node:child_process';
import { ProvisionError } from '../net/provision-error.ts';
import { systemPath } from './enclose.ts';

/** Runs `ip` and waits; its complaint becomes the error. */
export function ip(...args: readonly string[]): Promise<void> {
  const child = spawn('ip', args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, PATH: systemPath() } });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new ProvisionError('missing-tool', 'Cannot run ip (package iproute2)', { cause })),
    );
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new ProvisionError('not-permitted', `Cannot run "ip ${args.join(' ')}": ${errors.trim()}`));
    });
  });
}
