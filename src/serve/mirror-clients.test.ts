import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMirrorClients, describedBy } from './mirror-clients.ts';

describe('describedBy()', () => {
  for (const [path, part] of [
    ['repodata/repomd.xml', ''],
    ['BaseOS/x86_64/os/repodata/repomd.xml', 'BaseOS/x86_64/os/'],
    ['.treeinfo', ''],
    ['os/treeinfo', 'os/'],
    ['dists/stable/InRelease', 'dists/stable/'],
    ['debian/dists/stable/updates/Release', 'debian/dists/stable/updates/'],
    ['Release', ''],
    ['dists/stable/main/binary-amd64/Release', undefined],
    ['dists/stable/main/source/Release', undefined],
    ['repodata/repomd.xml.asc', undefined],
    ['dists/stable/Release.gpg', undefined],
    ['repomd.xml', undefined],
    ['x.treeinfo', undefined],
    ['', undefined],
  ] as const)
    test(`${path || 'no path'}: ${part === undefined ? 'is no entry file' : `"${part}"`}`, () =>
      assert.equal(describedBy(path), part));
});

describe('a client of a mirror', () => {
  const before = ['s1'];
  const after = ['s2', 's1'];
  const asks = (path: string, more: { client?: string; connection?: string; tree?: string } = {}) => ({
    client: '10.0.0.7',
    tree: 'mirror/el/',
    path,
    ...more,
  });

  test('gets the signature, and what the entry file describes, from the state of its entry file', () => {
    const clients = createMirrorClients();
    assert.equal(clients.choose(asks('repodata/repomd.xml'), before, 0), before);
    for (const path of ['repodata/repomd.xml.asc', 'repodata/repomd.xml.key', 'images/install.img'])
      assert.equal(clients.choose(asks(path), after, 1_000), before, path);
  });

  test('gets the newest as soon as it asks for the entry file again', () => {
    const clients = createMirrorClients();
    clients.choose(asks('dists/stable/Release'), before, 0);
    assert.equal(clients.choose(asks('dists/stable/Release.gpg'), after, 1_000), before);
    assert.equal(clients.choose(asks('dists/stable/InRelease'), after, 2_000), after);
    assert.equal(clients.choose(asks('dists/stable/main/binary-amd64/Packages.xz'), after, 3_000), after);
  });

  test('gets the newest without an entry file, long after it, in another part, under another name, at another address', () => {
    const clients = createMirrorClients();
    clients.choose(asks('BaseOS/repodata/repomd.xml'), before, 0);
    const signature = 'BaseOS/repodata/repomd.xml.asc';
    assert.equal(clients.choose(asks(signature), after, 59_999), before);
    assert.equal(clients.choose(asks(signature), after, 60_000), after);
    assert.equal(clients.choose(asks('AppStream/repodata/repomd.xml.asc'), after, 1), after);
    assert.equal(clients.choose(asks('BaseOS'), after, 1), after);
    assert.equal(clients.choose(asks(signature, { tree: 'mirror/el@prod/' }), after, 1), after);
    assert.equal(clients.choose(asks(signature, { client: '10.0.0.8' }), after, 1), after);
  });

  test('is told apart from others behind its address by its connection', () => {
    const clients = createMirrorClients();
    const [one, other] = [{ connection: '10.0.0.7:4001' }, { connection: '10.0.0.7:4002' }];
    clients.choose(asks('repodata/repomd.xml', one), before, 0);
    clients.choose(asks('repodata/repomd.xml', other), after, 1);
    assert.equal(clients.choose(asks('repodata/repomd.xml.asc', one), after, 2), before);
    assert.equal(clients.choose(asks('repodata/repomd.xml.asc', other), after, 2), after);
    // A client that opens another connection is known by its address.
    clients.choose(asks('repodata/repomd.xml', one), before, 3);
    assert.equal(clients.choose(asks('repodata/repomd.xml.asc', { connection: '10.0.0.7:4003' }), after, 4), before);
  });

  test('that comes after thousands of others is remembered, and the first of them is not', () => {
    const clients = createMirrorClients();
    const open = (client: string) => clients.choose(asks('.treeinfo', { client }), before, 0);
    for (let count = 0; count <= 16_384; count++) open(`client ${count}`);
    assert.equal(clients.choose(asks('images/x', { client: 'client 16384' }), after, 1), before);
    assert.equal(clients.choose(asks('images/x', { client: 'client 0' }), after, 1), after);
  });
});
