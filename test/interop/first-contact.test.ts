import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { MachineView } from '../../src/http/api/views.ts';
import { findProgram } from '../../src/lab/programs.ts';
import type { RackClient } from '../../src/lab/rack.ts';
import { needs } from '../needs.ts';
import { runUdhcpc } from '../support/dhcp-clients.ts';
import { openSegment, type Running, runProgram, startProgram } from '../support/segment.ts';
import { newFolder, startServer, type TestServer } from '../support/server.ts';

/*
 * After the installer's report, a real OpenSSH stands for the installed system, for the installer's own SSH, and for
 * somebody else at the machine's address.
 */

const SM1 = '00:25:90:96:c4:9a';
const BASE = 'http://172.22.10.2';

/** A folder of host keys, as an installation makes them. */
function makeKeys(): { readonly folder: string; readonly report: string } {
  const root = newFolder('keys');
  mkdirSync(join(root, 'etc/ssh'), { recursive: true });
  execFileSync('ssh-keygen', ['-A', '-f', root], { stdio: 'ignore' });
  const folder = join(root, 'etc/ssh');
  const names = readdirSync(folder).filter((name) => name.endsWith('.pub'));
  return { folder, report: names.map((name) => readFileSync(join(folder, name), 'utf8')).join('') };
}

async function startSsh(t: TestContext, client: RackClient, folder: string): Promise<Running> {
  mkdirSync('/run/sshd', { recursive: true });
  const keys = ['rsa', 'ecdsa', 'ed25519'].flatMap((type) => ['-h', join(folder, `ssh_host_${type}_key`)]);
  const sshd = startProgram(t, [...client.prefix, findProgram('sshd') ?? '', '-D', '-e', '-f', '/dev/null', ...keys]);
  await sshd.printed(/Server listening on/);
  return sshd;
}

interface Installed {
  readonly server: TestServer;
  readonly client: RackClient;
  /** The machine asks for what to boot. */
  boot(): Promise<string>;
  /** The installer reports. */
  report(kind: string, body: string): Promise<void>;
  show(): Promise<MachineView>;
  /** The machine's record says that this was seen. */
  missed(pattern: RegExp): Promise<void>;
}

/** A machine whose installer has its answer file. */
async function install(t: TestContext): Promise<Installed> {
  const rack = await openSegment(t);
  const yaml = `
defaults:
  sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5oPzrq3Yt8xk2x0m7m0ZtS8Hq3u0V7pX4m2QyJwJcB admin@deploy"]
networks:
  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }
profiles:
  debian: { os: debian-13, source: "${BASE}/debian", install: once }
machines:
  sm1: { mac: "${SM1}", address: 172.22.10.55, profile: debian }
`;
  const server = await startServer(t, { yaml });
  const client = await rack.addClient('sm1', { mac: SM1 });
  await runUdhcpc(client);
  const curl = async (...args: string[]) => (await runProgram([...client.prefix, 'curl', '-s', ...args])).text;
  const boot = () => curl(`${BASE}/ipxe/boot.ipxe`);
  const [, url = ''] = /url=(\S+)/.exec(await boot()) ?? [];
  assert.match(await curl(url), /^#_preseed_V1/);
  const [, token = ''] = /answer\/([^/]+)\//.exec(url) ?? [];
  const cli = server.rackready;
  const show = async () => JSON.parse((await cli('machines', 'sm1', '--json')).stdout.toString()) as MachineView;
  return {
    server,
    client,
    boot,
    show,
    report: async (kind, body) => {
      assert.equal(await curl('--data-binary', body, `${BASE}/report/${token}/${kind}`), 'noted\n');
    },
    missed: async (pattern) => {
      const deadline = Date.now() + 60_000;
      for (;;) {
        const seen = (await show()).operation?.seen ?? '';
        if (pattern.test(seen)) return;
        assert.ok(Date.now() < deadline, `${pattern} was never seen, but: ${seen}`);
        await new Promise((next) => setTimeout(next, 300));
      }
    },
  };
}

const TOOLS = ['ip', 'udhcpc', 'curl', 'sshd', 'ssh-keygen', 'ssh-keyscan'];

test('somebody else at the address is not the installed system; the one with the reported host key is', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { server, client, report, show, missed } = await install(t);
  const [own, foreign] = [makeKeys(), makeKeys()];
  const other = await startSsh(t, client, foreign.folder);
  await report('done', own.report);
  await server.event('install.reported', { machine: 'sm1' });
  await missed(/has another host key than the installer reported/);
  assert.equal((await show()).state, 'ready');
  await other.stop();
  await missed(/nothing answers by SSH/);
  await startSsh(t, client, own.folder);
  const done = await server.event('install.done', { machine: 'sm1' }, 60_000);
  assert.match(done.text, /is ready, installed with debian: .*with the host key that the installer reported/);
  const { state, outcome } = await show();
  assert.deepEqual([state, outcome?.result, outcome?.isVerified], ['installed', 'succeeded', true]);
});

test('without a host key the installer’s own SSH does not count; after a break it is installed, not verified', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { server, client, report, show, missed } = await install(t);
  const { folder } = makeKeys();
  const own = await startSsh(t, client, folder);
  await report('done', '');
  await missed(/without a break since the report, so that it may be the installer’s own/);
  assert.equal((await show()).operation?.stage, 'first-contact');
  await own.stop();
  await missed(/nothing answers by SSH/);
  await startSsh(t, client, folder);
  const done = await server.event('install.done', { machine: 'sm1' }, 60_000);
  assert.match(
    done.text,
    /is installed with debian, not verified: .*it was silent after its report; host key not checked/,
  );
  assert.equal((await show()).outcome?.isVerified, false);
  const { stdout } = await server.rackready('machines');
  assert.match(stdout.toString(), /last install succeeded, not verified/);
});

test('a network boot after the report shows, too, that the installer has ended', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { server, client, boot, report, missed } = await install(t);
  await startSsh(t, client, makeKeys().folder);
  await report('done', '');
  await missed(/it may be the installer’s own/);
  assert.match(await boot(), /boots from disk/);
  const done = await server.event('install.done', { machine: 'sm1' }, 60_000);
  assert.match(String(done.data?.how), /it has booted from the network since its report/);
});
