import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Capture, readCaptures } from '../../../test/support/capture.ts';
import { replay } from '../../../test/support/replay-traffic.ts';
import { traceOf } from '../../../test/support/traces.ts';
import type { RecordedEvent } from '../../event/event.ts';
import type { Mac } from '../../net/mac.ts';
import { diagnose } from './diagnose.ts';

const captures = readCaptures('netboot-captures.json');

function captured(name: string, conditions?: Capture['conditions']): Capture {
  const found = captures.find((capture) => capture.name === name);
  assert.ok(found, name);
  return conditions === undefined ? found : { ...found, conditions };
}

function ownerOf(events: readonly RecordedEvent[]): Mac {
  const owner = events.find(({ id, mac }) => id.startsWith('dhcp.') && mac !== undefined)?.mac;
  assert.ok(owner, 'somebody asked');
  return owner;
}

function rulesAt(events: readonly RecordedEvent[], owner: Mac, now: number): string[] {
  return diagnose(traceOf(events, owner, now)).map(({ rule }) => rule);
}

/** After each event, and just before the next one: the longest silence that the boot had there. */
function everyMoment(events: readonly RecordedEvent[], owner: Mac): string[] {
  return events.flatMap((event, index) => {
    const soFar = events.slice(0, index + 1);
    const until = (events[index + 1]?.time ?? event.time + 1_000) - 1;
    return [event.time, Math.max(event.time, until)].flatMap((now) =>
      rulesAt(soFar, owner, now).map((rule) => `${rule} after ${event.text}`),
    );
  });
}

describe('a healthy boot raises nothing, at no moment', () => {
  for (const name of ['bios-grub', 'bios-pxelinux', 'efi-shim2', 'efi-grubhttp', 'di2']) {
    test(name, async () => {
      const capture = captured(name);
      const isInstalled = name !== 'di2';
      const { events } = await replay({ ...capture, also: isInstalled ? [{ t: -1, do: 'grant' }] : [] });
      assert.ok(events.length > 5, 'the replay tells events');
      assert.deepEqual(everyMoment(events, ownerOf(events)), []);
    });
  }
});

test('capture efi-http: Debian’s signed GRUB stops after HTTP boot', async () => {
  const { events, now } = await replay(captured('efi-http', {}), 60);
  assert.deepEqual(rulesAt(events, ownerOf(events), now), ['grub-without-http']);
});
test('capture t1-opt67: shim asks for GRUB in the root', async () => {
  const { events, now } = await replay(captured('t1-opt67', { without: ['shim'] }), 60);
  assert.deepEqual(rulesAt(events, ownerOf(events), now), ['shim-lost-folder']);
});
test('capture t4-nofile: offers without a boot file', async () => {
  const { events, now } = await replay(captured('t4-nofile', { without: ['uefi-x64'] }), 60);
  assert.deepEqual(rulesAt(events, ownerOf(events), now), ['no-boot-file']);
});
