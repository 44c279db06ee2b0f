import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createSubjectFilter, followMilestones, parseServerEvent, type ServerEvent } from './milestones.ts';

let clock = 0;
const event = (id: string, data: Record<string, unknown> = {}): ServerEvent => ({ time: clock++, id, text: id, data });

describe('followMilestones()', () => {
  test('a BIOS machine with GRUB goes through every step in order', () => {
    const progress = followMilestones();
    const steps = [
      event('dhcp.discover'),
      event('dhcp.discover'),
      event('dhcp.offer'),
      event('dhcp.ack'),
      event('tftp.done', { file: 'rr/bios.0' }),
      event('tftp.not-found', { file: 'boot/grub/command.lst' }),
      event('boot.config', { decision: 'install' }),
      event('tftp.done', { file: '/p/debian/linux' }),
      event('http.done', { method: 'HEAD', path: '/p/debian/initrd.gz' }),
      event('http.done', { method: 'GET', path: '/p/debian/initrd.gz' }),
      event('dhcp.discover'),
      event('dhcp.ack'),
      event('answer.fetched'),
    ];
    const names = steps.flatMap((step) => progress.take(step)).map(({ name }) => name);
    assert.deepEqual(names, [
      'asks for an address',
      'is offered one',
      'has its address',
      'loads its boot loader',
      'is told to install',
      'has the kernel',
      'has the initrd',
      'installer has its address',
      'installer fetched its answers',
    ]);
    assert.equal(progress.isComplete, true);
    assert.equal(progress.next, undefined);
  });

  test('an iPXE script is boot loader and configuration in one', () => {
    const progress = followMilestones();
    for (const id of ['dhcp.discover', 'dhcp.offer', 'dhcp.ack']) progress.take(event(id));
    const reached = progress.take(event('boot.config', { decision: 'install' }));
    assert.deepEqual(
      reached.map(({ name }) => name),
      ['loads its boot loader', 'is told to install'],
    );
  });

  test('a machine that is told to boot from its disk stays before that step', () => {
    const progress = followMilestones();
    for (const id of ['dhcp.discover', 'dhcp.offer', 'dhcp.ack', 'tftp.start']) progress.take(event(id));
    progress.take(event('boot.config', { decision: 'local' }));
    assert.equal(progress.next, 'is told to install');
  });

  test('one dhcp.ack is not two steps', () => {
    const progress = followMilestones();
    for (const id of ['dhcp.discover', 'dhcp.offer']) progress.take(event(id));
    assert.equal(progress.take(event('dhcp.ack')).length, 1);
  });
});

test('parseServerEvent() reads events and nothing else', () => {
  assert.equal(parseServerEvent('{"time":1,"id":"dhcp.ack","text":"x","machine":"pc"}')?.machine, 'pc');
  assert.equal(parseServerEvent('Warning: something'), undefined);
  assert.equal(parseServerEvent('{broken'), undefined);
  assert.equal(parseServerEvent('{"id":"dhcp.ack"}'), undefined);
});

test('createSubjectFilter() knows a machine by its name, and by its address once it has one', () => {
  const isOurs = createSubjectFilter('pc1');
  const from = (id: string, rest: Partial<ServerEvent>): ServerEvent => ({ ...event(id), ...rest });
  assert.equal(isOurs(from('tftp.start', { address: '10.0.0.1' })), false);
  assert.equal(isOurs(from('dhcp.ack', { machine: 'pc2', data: { address: '10.0.0.1' } })), false);
  assert.equal(isOurs(from('dhcp.ack', { machine: 'pc1', data: { address: '10.0.0.2' } })), true);
  assert.equal(isOurs(from('tftp.start', { address: '10.0.0.2' })), true);
  assert.equal(isOurs(from('tftp.start', { address: '10.0.0.1' })), false);
  assert.equal(isOurs(from('server.started', {})), false);
});

test('createSubjectFilter() knows a machine that the configuration does not name by its MAC', () => {
  const isOurs = createSubjectFilter('pc1', '02:00:00:00:00:01');
  const from = (id: string, rest: Partial<ServerEvent>): ServerEvent => ({ ...event(id), ...rest });
  assert.equal(isOurs(from('machine.seen', { mac: '02:00:00:00:00:02' })), false);
  assert.equal(isOurs(from('dhcp.ack', { mac: '02:00:00:00:00:01', data: { address: '10.0.0.2' } })), true);
  assert.equal(isOurs(from('tftp.start', { address: '10.0.0.2' })), true);
  assert.equal(isOurs(from('dhcp.ack', { mac: '02:00:00:00:00:01', machine: 'pc2' })), false);
});
