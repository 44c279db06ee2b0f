import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Running, startProgram } from './segment.ts';
import { newFolder } from './server.ts';

/** An rsync daemon on the loopback address that serves a folder as the module `os`. */
export async function startRsyncd(t: TestContext, folder: string, port: number): Promise<Running> {
  const work = newFolder('rsyncd');
  const config = join(work, 'rsyncd.conf');
  const pid = join(work, 'rsyncd.pid');
  writeFileSync(
    config,
    `pid file = ${pid}\nuse chroot = no\nuid = root\ngid = root\n[os]\npath = ${folder}\nread only = yes\n`,
  );
  const running = startProgram(t, [
    'rsync',
    '--daemon',
    '--no-detach',
    `--config=${config}`,
    '--address=127.0.0.1',
    `--port=${port}`,
  ]);
  // It writes its number when it listens, and says nothing.
  while (!existsSync(pid)) await sleep(20);
  return running;
}
