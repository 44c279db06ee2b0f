import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Emit } from '../event/event.ts';
import { ProvisionError } from '../net/provision-error.ts';
import { openServedInterfaces, type Service } from './served-interfaces.ts';

/** Services on interfaces that every computer has (lo), or that none has. What comes and goes is in test/interop. */
async function open(t: TestContext, names: readonly string[], howToOpen: (name: string, tries: number) => unknown) {
  const told: { id: string; data: Record<string, unknown> }[] = [];
  const log: string[] = [];
  const watchers = new Set<() => void>();
  const note = (line: string) => {
    log.push(line);
    for (const watch of watchers) watch();
  };
  const emit: Emit = (id, _, data) => {
    told.push({ id, data: data as Record<string, unknown> });
    for (const watch of watchers) watch();
  };
  const service = (name: string): Service => ({
    close: async () => note(`close ${name}`),
  });
  let tries = 0;
  const served = await openServedInterfaces({
    names,
    what: 'DHCP',
    emit,
    retryMs: 5,
    open: async (name) => {
      const problem = howToOpen(name, ++tries);
      if (problem instanceof Error) throw problem;
      note(`open ${name}`);
      return service(name);
    },
  });
  t.after(() => served.close());
  const until = (what: () => boolean) =>
    new Promise<void>((resolve) => {
      const watch = () => {
        if (!what()) return;
        watchers.delete(watch);
        resolve();
      };
      watchers.add(watch);
      watch();
    });
  return { served, told, log, until, tries: () => tries };
}

const busy = (holder: string) => new ProvisionError('port-in-use', `Cannot open UDP port 67: it is held by ${holder}`);

test('the service of an interface that is there is open after the start', async (t) => {
  const { served, told, log } = await open(t, ['lo'], () => undefined);
  assert.ok(served.get('lo'));
  assert.equal(served.get('eth9'), undefined);
  assert.deepEqual(log, ['open lo']);
  assert.deepEqual(told, []);
});

test('an interface that is not there is told, and not tried', async (t) => {
  const { served, told, log } = await open(t, ['nosuch0', 'lo'], () => undefined);
  assert.deepEqual(told, [{ id: 'interface.gone', data: { name: 'nosuch0' } }]);
  assert.deepEqual(log, ['open lo']);
  assert.equal(served.get('nosuch0'), undefined);
});

test('a failure is told once, tried again until it works, and told again when its reason changes', async (t) => {
  const { served, told, log, until } = await open(t, ['lo'], (_, tries) => {
    if (tries <= 3) return busy('dnsmasq (process 8)');
    return tries <= 5 ? busy('dhcpd (process 9)') : undefined;
  });
  assert.equal(served.get('lo'), undefined);
  await until(() => log.includes('open lo'));
  assert.deepEqual(
    told.map(({ id, data }) => [id, data.where, data.what, data.reason]),
    [
      ['server.cannot-listen', 'lo', 'DHCP', 'Cannot open UDP port 67: it is held by dnsmasq (process 8)'],
      ['server.cannot-listen', 'lo', 'DHCP', 'Cannot open UDP port 67: it is held by dhcpd (process 9)'],
    ],
  );
  for (const { data } of told) assert.notEqual(data.next, '');
});

test('close() closes what is open and tries nothing any more', async (t) => {
  const { served, log, tries } = await open(t, ['lo'], () => undefined);
  await served.close();
  assert.deepEqual(log, ['open lo', 'close lo']);
  assert.equal(tries(), 1);
  assert.equal(served.get('lo'), undefined);
});

test('an error that nobody foresaw is not swallowed', async (t) => {
  await assert.rejects(
    open(t, ['lo'], () => new TypeError('a mistake of ours')),
    /a mistake of ours/,
  );
});
