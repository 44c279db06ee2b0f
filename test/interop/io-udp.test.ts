import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { before, test } from 'node:test';
import { type InterfaceChange, watchInterfaces } from '../../src/io/interfaces.ts';
import { openUdp, openUdpSocket, type UdpOptions } from '../../src/io/udp/open-udp.ts';
import type { Datagram, UdpPort } from '../../src/io/udp/udp-port.ts';
import { ipv4 } from '../../src/net/ipv4.ts';
import { ProvisionError } from '../../src/net/provision-error.ts';
import { needs } from '../needs.ts';
import { ip, makeSegment, makeSegments, PEER, start, startNode, startPeer } from './io-segment.ts';

before(() => makeSegments());

const text = (value: string) => new TextEncoder().encode(value);
const show = ({ bytes, address, port }: Datagram) =>
  `${address === ipv4('10.1.0.2') ? 'cli0' : 'cli1'}:${port} ${Buffer.from(bytes)}`;
const openDescriptors = () => readdirSync('/proc/self/fd').length;

/** What a port hears, one after the other. */
function heard(port: UdpPort): { next(): Promise<string>; readonly all: string[] } {
  const all: string[] = [];
  const waiting: (() => void)[] = [];
  let taken = 0;
  port.onDatagrams((batch) => {
    all.push(...batch.map(show));
    for (const wake of waiting.splice(0)) wake();
  });
  const next = async () => {
    while (all.length <= taken) await new Promise<void>((resolve) => waiting.push(resolve));
    return all[taken++] ?? '';
  };
  return { all, next };
}

async function failure(options: UdpOptions): Promise<ProvisionError> {
  const error = await openUdp(options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ProvisionError)) throw new Error(`expected a ProvisionError, not ${error}`);
  return error;
}

test('a native port hears broadcasts of its own interface only, and its broadcasts leave by that interface', async (t) => {
  if (!needs(t, 'ip')) return;
  const ports = await Promise.all(
    ['srv0', 'srv1'].map((name) => openUdp({ interface: name, port: 67, broadcast: true })),
  );
  t.after(() => Promise.all(ports.map((port) => port.close())));
  const [first, second] = ports as [UdpPort, UdpPort];
  assert.deepEqual([first.kind, first.limits, first.port], ['native', undefined, 67]);
  const [onFirst, onSecond] = [heard(first), heard(second)];
  const [peer0, peer1] = [await startPeer(t, '10.1.0.2', 68), await startPeer(t, '10.2.0.2', 68)];
  peer0.say('255.255.255.255 67 one');
  assert.equal(await onFirst.next(), 'cli0:68 one');
  peer1.say('255.255.255.255 67 two');
  assert.equal(await onSecond.next(), 'cli1:68 two');
  peer0.say('10.1.0.1 67 unicast');
  assert.equal(await onFirst.next(), 'cli0:68 unicast');
  assert.deepEqual([onFirst.all.length, onSecond.all.length], [2, 1]);

  const everybody = startNode(t, 'peer', PEER, '255.255.255.255', '68');
  await everybody.next();
  assert.deepEqual(await second.sendMany([{ bytes: text('hello'), address: ipv4('255.255.255.255'), port: 68 }]), []);
  assert.equal(await everybody.next(), '10.2.0.1:67 hello');
});

test('sendMany() sends many in order, tells which were refused, and sends the others', async (t) => {
  if (!needs(t, 'ip')) return;
  for (const native of [true, false]) {
    const port = await openUdp({ interface: 'srv0', port: 0, native });
    t.after(() => port.close());
    const peer = await startPeer(t, '10.1.0.2', 5_000);
    const batch = Array.from({ length: 200 }, (_, index): Datagram => {
      const address = ipv4(index === 70 ? '255.255.255.255' : '10.1.0.2');
      return { bytes: text(`${index}`.padEnd(index === 150 ? 6_000 : 300, '.')), address, port: 5_000 };
    });
    const failures = await port.sendMany(batch);
    // Broadcasting was not asked for, so the one broadcast is refused.
    assert.deepEqual(failures, [{ datagram: batch[70], code: 'EACCES' }]);
    const numbers: number[] = [];
    while (numbers.length < 199) numbers.push(Number.parseInt((await peer.next()).split(' ')[1] ?? '', 10));
    assert.deepEqual(
      numbers,
      batch.map((_, index) => index).filter((index) => index !== 70),
    );
    await port.close();
    assert.deepEqual(
      (await port.sendMany(batch.slice(0, 1))).map(({ code }) => code),
      ['EBADF'],
    );
  }
});

test('a plain port hears broadcasts and unicast, answers from its address, and tells its limits', async (t) => {
  if (!needs(t, 'ip')) return;
  const port = await openUdp({ interface: 'srv0', port: 67, broadcast: true, native: false });
  t.after(() => port.close());
  assert.equal(port.kind, 'plain');
  assert.match(port.limits ?? '', /koffi is not installed/);
  const ears = heard(port);
  const peer = await startPeer(t, '10.1.0.2', 68);
  peer.say('255.255.255.255 67 broadcast');
  assert.equal(await ears.next(), 'cli0:68 broadcast');
  peer.say('10.1.0.1 67 unicast');
  assert.equal(await ears.next(), 'cli0:68 unicast');
  const everybody = startNode(t, 'peer', PEER, '255.255.255.255', '68');
  await everybody.next();
  assert.deepEqual(await port.sendMany([{ bytes: text('hello'), address: ipv4('255.255.255.255'), port: 68 }]), []);
  assert.equal(await everybody.next(), '10.1.0.1:67 hello');
});

test('a port in use is told with the program that holds it, even when that program shares its port', async (t) => {
  if (!needs(t, 'ip')) return;
  const other = startNode(t, 'here', PEER, '0.0.0.0', '67');
  await other.next();
  const descriptors = openDescriptors();
  for (const native of [true, false]) {
    const error = await failure({ interface: 'srv0', port: 67, broadcast: true, native });
    assert.equal(error.code, 'port-in-use');
    assert.match(
      error.message,
      new RegExp(`^Cannot open UDP port 67 on "srv0": it is held by .+ \\(process ${other.child.pid}\\) on 0.0.0.0:67`),
    );
  }
  assert.equal(openDescriptors(), descriptors);
});

test('an interface or address that is not there is told, and nothing stays open', async (t) => {
  if (!needs(t, 'ip')) return;
  const descriptors = openDescriptors();
  for (const native of [true, false]) {
    const gone = await failure({ interface: 'eth9', port: 67, native });
    assert.deepEqual(
      [gone.code, gone.message],
      ['no-interface', 'Cannot open UDP port 67 on "eth9": there is no such interface'],
    );
    const foreign = await failure({ interface: 'srv0', port: 67, address: ipv4('10.9.9.9'), native });
    assert.equal(foreign.code, 'no-interface');
    assert.match(foreign.message, /10\.9\.9\.9 is not an address of this computer/);
  }
  assert.equal(openDescriptors(), descriptors);
});

const OPEN = `
  const { openUdp, inheritedSockets } = { ...await import(process.argv[1] + '/open-udp.ts'), ...await import(process.argv[1] + '/inherited.ts') };
  const native = process.argv[2] === 'true';
  try {
    const inherited = inheritedSockets(process.env, process.pid);
    const port = await openUdp({ interface: 'srv0', port: 67, broadcast: true, native, inherited });
    port.onDatagrams((batch) => { console.log(Buffer.from(batch[0].bytes).toString()); process.exit(); });
    console.log(port.kind + ' ' + port.port);
  } catch (error) { console.log(error.code); }
`;
const UDP_FOLDER = new URL('../../src/io/udp', import.meta.url).href;

test('an account without rights is told that it has none', (t) => {
  if (!needs(t, 'ip')) return;
  for (const native of ['true', 'false']) {
    const args = ['--input-type=module', '-e', OPEN, '--', UDP_FOLDER, native];
    const { stdout } = spawnSync(process.execPath, args, { uid: 65_534, gid: 65_534, encoding: 'utf8' });
    assert.equal(stdout.trim(), 'not-permitted');
  }
});

test('a socket that systemd opened is found by its name and used', async (t) => {
  if (!needs(t, 'ip', 'perl')) return;
  // What systemd does: opens descriptors from 3 on, then starts the program with LISTEN_PID being its process id.
  const opener = `
    use Socket; use POSIX ();
    for my $port (69, 67) {
      socket(my $s, PF_INET, SOCK_DGRAM, 0) or die $!;
      setsockopt($s, SOL_SOCKET, SO_BROADCAST, 1) or die $!;
      setsockopt($s, SOL_SOCKET, 25, "srv0\\0") or die $!;
      bind($s, sockaddr_in($port, INADDR_ANY)) or die $!;
      POSIX::dup2(fileno($s), 10 + $port) or die $!;
    }
    POSIX::dup2(79, 3); POSIX::dup2(77, 4); POSIX::close($_) for 5 .. 90;
    $ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 2; $ENV{LISTEN_FDNAMES} = "srv0:srv0";
    exec @ARGV or die $!;`;
  for (const native of ['true', 'false']) {
    const program = [process.execPath, '--input-type=module', '-e', OPEN, '--', UDP_FOLDER, native];
    const server = start(t, 'perl', ['-e', opener, ...program]);
    assert.equal(await server.next(), 'inherited 67');
    const peer = await startPeer(t, '10.1.0.2', 68);
    peer.say('255.255.255.255 67 hello');
    assert.equal(await server.next(), 'hello');
  }
});

test('openUdpSocket() gives one of Node’s own sockets on the interface', async (t) => {
  if (!needs(t, 'ip')) return;
  const { socket, kind } = await openUdpSocket({ interface: 'srv1', port: 69 });
  t.after(() => socket.close());
  assert.equal(kind, 'native');
  const message = new Promise<string>((resolve) =>
    socket.once('message', (bytes, from) => resolve(`${from.address} ${bytes}`)),
  );
  const peer = await startPeer(t, '10.2.0.2', 4_000);
  peer.say('10.2.0.1 69 read');
  assert.equal(await message, '10.2.0.2 read');
});

test('an interface that is taken away and made again is told, and a port opened then hears it', async (t) => {
  if (!needs(t, 'ip')) return;
  const changes: InterfaceChange[] = [];
  const waiting: (() => void)[] = [];
  const watch = await watchInterfaces(['srv1', 'eth9'], (change) => {
    changes.push(change);
    for (const wake of waiting.splice(0)) wake();
  });
  t.after(() => watch.close());
  const until = async (name: string, ...kinds: string[]) => {
    while (!changes.some((change) => change.name === name && kinds.includes(change.kind))) {
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  assert.deepEqual(changes, [{ kind: 'gone', name: 'eth9' }]);
  const old = await openUdp({ interface: 'srv1', port: 67, broadcast: true });
  ip('link delete srv1');
  await until('srv1', 'gone');
  const failed = await failure({ interface: 'srv1', port: 67 });
  assert.equal(failed.code, 'no-interface');
  makeSegment(1);
  await until('srv1', 'back', 're-created');
  const fresh = await openUdp({ interface: 'srv1', port: 67, broadcast: true });
  t.after(() => fresh.close());
  const [deaf, ears] = [heard(old), heard(fresh)];
  const peer = await startPeer(t, '10.2.0.2', 68);
  peer.say('255.255.255.255 67 again');
  assert.equal(await ears.next(), 'cli1:68 again');
  assert.deepEqual(deaf.all, []);
  await old.close();
});
