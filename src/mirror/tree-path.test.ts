import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { folderInTree, folderOf, inFolder, pathInTree, percentDecoded } from './tree-path.ts';

test('what metadata name stays below the root, or is refused', () => {
  const cases: readonly (readonly [folder: string, reference: string, path: string | undefined])[] = [
    ['', 'Packages/a.rpm', 'Packages/a.rpm'],
    ['os', './Packages//a.rpm', 'os/Packages/a.rpm'],
    ['BaseOS/x86_64/os', '../../../AppStream/x86_64/os/a.rpm', 'AppStream/x86_64/os/a.rpm'],
    ['os', '../../etc/passwd', undefined],
    ['os', '..', undefined],
    ['os', 'Packages/..', undefined],
    ['os', '/etc/passwd', undefined],
    ['os', 'file:///etc/passwd', undefined],
    ['os', 'HTTP://else.where/a.rpm', undefined],
    ['os', 'a\\..\\b', undefined],
    ['os', 'a\0b', undefined],
    ['os', 'a\nb', undefined],
    ['os', '', undefined],
    ['os', 'Packages/', undefined],
    ['os', `${'a'.repeat(256)}.rpm`, undefined],
    ['os', 'é'.repeat(127), `os/${'é'.repeat(127)}`],
    ['os', 'é'.repeat(128), undefined],
    ['os', '漢'.repeat(86), undefined],
    ['os', `${'é'.repeat(100)}/`.repeat(11).concat('a'), undefined],
    ['os', 'a\ud800b', undefined],
    ['os', 'pool/libstdc++_1:2~rc1.deb', 'os/pool/libstdc++_1:2~rc1.deb'],
    ['os', 'a/.../b', 'os/a/.../b'],
  ];
  for (const [folder, reference, path] of cases) assert.equal(pathInTree(folder, reference), path, reference);
});

test('a folder may be the root itself and end in a slash', () => {
  assert.equal(folderInTree('os', '../'), '');
  assert.equal(folderInTree('BaseOS/os', '../../AppStream/os/'), 'AppStream/os');
  assert.equal(folderInTree('os', '../../'), undefined);
});

test('folders and names', () => {
  assert.deepEqual([inFolder('', 'a'), inFolder('b', 'a'), folderOf('b/c/a'), folderOf('a')], ['a', 'b/a', 'b/c', '']);
});

test('percent-encoding is undone before anything is judged', () => {
  assert.equal(percentDecoded('%2e%2e/a%2Bb'), '../a+b');
  assert.equal(percentDecoded('100%'), '100%');
  assert.equal(pathInTree('', percentDecoded('%2e%2e/a')), undefined);
});

test('whatever is given, a path that comes out is below the root', () => {
  const part = fc.constantFrom('..', '.', '', 'a', '%2e%2e', '..a', ' ', 'b.c', '\\', '\u0000');
  fc.assert(
    fc.property(fc.array(part), fc.array(part), (folder, reference) => {
      const base = folderInTree('', folder.join('/'));
      if (base === undefined) return;
      const path = pathInTree(base, percentDecoded(reference.join('/')));
      if (path === undefined) return;
      assert.doesNotMatch(path, /^\/|(^|\/)(\.|\.\.)?(\/|$)|[\\\0]/);
    }),
  );
});
