import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where nginx and the rsync daemon listen, and the proxies that delay what goes to them. */
export const PORTS = { http: 8001, rsync: 8002, farHttp: 8003, farRsync: 8004 } as const;

interface ServeOptions {
  /** A folder for their files. */
  readonly scratch: string;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds. */
  readonly roundTrip: string;
  readonly folders: Readonly<Record<string, string>>;
}

interface Served {
  /** Processor time so far, without that of the proxies, which no real line has. */
  seconds(): number;
  /** Requests over HTTP so far. */
  asked(): number;
}

/** Processor time of what serves, in seconds: of these processes and their children, also of those that are gone. */
function serverSeconds(servers: readonly number[]): number {
  const ticksOf = (pid: number): number => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return fields.slice(11, 15).reduce((sum, one) => sum + Number(one), 0);
  };
  const withChildren = (pid: number): number[] => {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return [pid, ...children.filter((one) => one !== '').map(Number)];
  };
  return servers.flatMap(withChildren).reduce((sum, pid) => sum + ticksOf(pid), 0) / 100;
}

function startProgram(argv: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const [command = '', ...args] = argv;
  const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

async function answers(port: number): Promise<void> {
  for (let tries = 0; ; tries++) {
    const socket = connect(port, '127.0.0.1');
    const { promise, resolve } = Promise.withResolvers<boolean>();
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    const isThere = await promise;
    socket.destroy();
    if (isThere) return;
    if (tries === 200) throw new Error(`nothing listens on port ${port}`);
    await sleep(50);
  }
}

/** What is served: NAME is /NAME/ of nginx, and the module NAME of rsync. */
export async function serve({ scratch, env, roundTrip, folders }: ServeOptions): Promise<Served> {
  const start = (argv: readonly string[]) => startProgram(argv, env);
  const accessLog = join(scratch, 'access.log');
  const nginx = join(scratch, 'nginx.conf');
  const places = Object.entries(folders).map(([name, folder]) => `location /${name}/ { alias ${folder}/; }`);
  writeFileSync(
    nginx,
    `user root; daemon off; worker_processes 1; pid ${scratch}/nginx.pid; error_log ${scratch}/error.log;
events {} http { access_log ${accessLog}; sendfile on; tcp_nopush on; keepalive_requests 100000;
client_body_temp_path ${scratch}/b; proxy_temp_path ${scratch}/p; fastcgi_temp_path ${scratch}/f; uwsgi_temp_path ${scratch}/u; scgi_temp_path ${scratch}/s;
server { listen 127.0.0.1:${PORTS.http}; ${places.join('\n')} } }\n`,
  );
  const rsyncd = join(scratch, 'rsyncd.conf');
  const modules = Object.entries(folders).map(([name, folder]) => `[${name}]\npath = ${folder}\nread only = yes\n`);
  writeFileSync(rsyncd, `use chroot = no\nuid = root\ngid = root\n${modules.join('')}`);
  const started = [
    start(['nginx', '-c', nginx, '-e', join(scratch, 'error.log')]),
    start(['rsync', '--daemon', '--no-detach', `--config=${rsyncd}`, '--address=127.0.0.1', `--port=${PORTS.rsync}`]),
  ];
  const delay = (port: number, to: number) =>
    start([process.execPath, join(import.meta.dirname, 'mirror-delay.ts'), `${port}`, `${to}`, roundTrip]);
  delay(PORTS.farHttp, PORTS.http);
  delay(PORTS.farRsync, PORTS.rsync);
  for (const port of Object.values(PORTS)) await answers(port);
  const pids = started.flatMap(({ pid }) => pid ?? []);
  return { seconds: () => serverSeconds(pids), asked: () => readFileSync(accessLog, 'utf8').split('\n').length - 1 };
}
