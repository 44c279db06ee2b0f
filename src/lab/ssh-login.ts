import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

const TRY_EVERY_MS = 3_000;
const ANSWER_WITHIN_MS = 60_000;

/** Where to log in, and with which private key. */
export interface Login {
  readonly user: string;
  readonly address: string;
  readonly keyFile: string;
}

/** Arguments of `ssh` for a machine of the virtual rack: its host key is new each time, and is remembered nowhere. */
export function sshArguments({ user, address, keyFile }: Login): string[] {
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', 'ConnectTimeout=5'];
  return ['-i', keyFile, ...options.flatMap((option) => ['-o', option]), `${user}@${address}`];
}

/** Logs in and runs a command of the shell. Tries again until it works; rejects after `tries` with what ssh said last. */
export async function askBySsh(login: Login, command: string, tries: number): Promise<string> {
  for (let left = tries - 1; ; left--) {
    try {
      const { stdout } = await run('ssh', ['-o', 'BatchMode=yes', ...sshArguments(login), command], {
        timeout: ANSWER_WITHIN_MS,
      });
      return stdout;
    } catch (error) {
      if (left > 0) {
        await sleep(TRY_EVERY_MS);
        continue;
      }
      const said = String((error as { stderr?: string }).stderr ?? error).trim();
      throw new Error(`${login.user}@${login.address} does not answer by SSH: ${said}`);
    }
  }
}

/** Makes a key pair without passphrase: `keyFile` and `keyFile`.pub. */
export async function makeSshKey(keyFile: string): Promise<void> {
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'virtual rack', '-f', keyFile]);
}
