import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMirrorPlaces } from './mirror-places.ts';
import type { BootHttpAnswer, BootHttpRequest } from './protocol.ts';

function ask(path: string, more: Partial<BootHttpRequest> = {}): Omit<BootHttpRequest, 'id'> {
  return { method: 'GET', path, query: '', headers: {}, remoteAddress: '10.0.0.7', network: 'lab', ...more };
}

function answer(path: string, snapshot?: string): BootHttpAnswer {
  const where = { mirror: 'm', repo: '/r', pool: '/p', snapshot, isFixed: false, client: '10.0.0.7' };
  return { kind: 'tree', ...where, path, name: `mirror/m/${path}` };
}

test('what main said of a mirror holds for its other files, and for other clients', () => {
  const places = createMirrorPlaces();
  assert.equal(places.find(ask('/mirror/m/a')), undefined);
  places.note(ask('/mirror/m/a'), answer('a'), places.epoch());
  const found = places.find(ask('/mirror/m/b/c.rpm', { method: 'HEAD', remoteAddress: '10.0.0.8' }));
  assert.ok(found !== undefined);
  assert.deepEqual(
    [found.path, found.name, found.client, found.repo],
    ['b/c.rpm', 'mirror/m/b/c.rpm', '10.0.0.8', '/r'],
  );
  for (const other of [
    ask('/mirror/other/b'),
    ask('/mirror/m@prod/b'),
    ask('/mirror/m'),
    ask('/x/mirror/m/b'),
    ask('/mirror/m/b', { method: 'POST' }),
    ask('/mirror/m/b', { isOwn: true }),
    ask('/mirror/m/b', { remoteAddress: 'fe80::1' }),
  ])
    assert.equal(places.find(other), undefined, JSON.stringify(other));
});

test('a refusal, and what main said to a proxy, is asked for again', () => {
  const places = createMirrorPlaces();
  places.note(ask('/mirror/m/a'), { kind: 'refuse', status: 404, reason: 'it has nothing yet' }, places.epoch());
  places.note(ask('/mirror/m/a', { isOwn: true }), answer('a'), places.epoch());
  assert.equal(places.find(ask('/mirror/m/a')), undefined);
});

test('nothing is known after a change, also of what was on its way', () => {
  const places = createMirrorPlaces();
  places.note(ask('/mirror/m@prod/a'), answer('a', 's1'), places.epoch());
  const asked = places.epoch();
  places.forget();
  places.note(ask('/mirror/m@prod/a'), answer('a', 's1'), asked);
  assert.equal(places.find(ask('/mirror/m@prod/a')), undefined);
  places.note(ask('/mirror/m@prod/a'), answer('a', 's2'), places.epoch());
  assert.equal(places.find(ask('/mirror/m@prod/b'))?.snapshot, 's2');
});
