import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CARD, get, installing, START, type Tale } from '../../../test/support/story.ts';
import { traceOf } from '../../../test/support/traces.ts';
import { diagnose } from './diagnose.ts';

const TREE = '/mirror/el@20261126T011100-1a2b3c/BaseOS/x86_64/os';

function miss(tale: Tale, second: number, path: string, expected = false): void {
  tale.tell(second, 'http.not-found', { method: 'GET', path, userAgent: 'anaconda', expected });
}

function refuse(tale: Tale, second: number, path: string, status: number, reason: string): void {
  tale.tell(second, 'http.refused', { method: 'GET', path, status, reason, userAgent: 'anaconda' });
}

const found = (tale: Tale, second: number) => diagnose(traceOf(tale.events, CARD, START + second * 1000));
const rulesAt = (tale: Tale, second: number) => found(tale, second).map(({ rule }) => rule);

describe('what a mirror of this server cannot give', () => {
  test('a package that is refused again and again: with the reason, and where to look', () => {
    const tale = installing('dracut');
    for (let second = 100; second < 112; second++) {
      refuse(tale, second, `${TREE}/Packages/big-1-1.rpm`, 503, 'the upstream does not answer');
    }
    const [one, ...others] = found(tale, 112);
    assert.deepEqual(others, []);
    assert.equal(one?.rule, 'repository-incomplete');
    assert.match(one?.cause ?? '', /big-1-1\.rpm.*this server could not give it: the upstream does not answer/);
    assert.match(one?.remedy ?? '', /rackready mirror status el`/);
  });

  test('a state that is not there any more', () => {
    const tale = installing('dracut');
    refuse(tale, 100, `${TREE}/repodata/repomd.xml`, 404, 'the mirror el has no state 20261126T011100-1a2b3c');
    assert.deepEqual(rulesAt(tale, 110), []);
    assert.deepEqual(rulesAt(tale, 140), ['repository-incomplete']);
  });

  test('a package that is cut off, and comes with the next try, is none', () => {
    const tale = installing('dracut');
    const path = `${TREE}/Packages/big-1-1.rpm`;
    tale.tell(100, 'http.failed', { path, bytes: 10, ofBytes: 20, reason: 'not the checksum that it has to have' });
    assert.deepEqual(rulesAt(tale, 135), ['repository-incomplete']);
    get(tale, 136, path, 20, 'anaconda');
    assert.deepEqual(rulesAt(tale, 600), []);
  });

  test('what a client must not ask says nothing of the mirror', () => {
    const tale = installing('dracut');
    refuse(tale, 100, `${TREE}/..%2f..%2fetc/passwd`, 400, 'the path leaves the mirror');
    assert.deepEqual(rulesAt(tale, 600), []);
  });
});

describe('the second stage of Anaconda', () => {
  test('in neither of its places', () => {
    const tale = installing('dracut');
    miss(tale, 95, `${TREE}/.treeinfo`, true);
    miss(tale, 100, `${TREE}/images/install.img`, true);
    miss(tale, 101, `${TREE}/LiveOS/squashfs.img`, true);
    assert.deepEqual(rulesAt(tale, 110), []);
    const [one] = found(tale, 140);
    assert.equal(one?.rule, 'repository-incomplete');
    assert.match(one?.cause ?? '', /images\/install\.img.*LiveOS\/squashfs\.img.*not there/);
  });

  test('in one of them, and updates that nobody has, are no failure', () => {
    const tale = installing('dracut');
    miss(tale, 95, `${TREE}/images/updates.img`, true);
    miss(tale, 100, `${TREE}/images/install.img`, true);
    const path = `${TREE}/LiveOS/squashfs.img`;
    tale.tell(101, 'http.start', { method: 'GET', path, userAgent: 'curl', bytes: 4e8 });
    assert.deepEqual(rulesAt(tale, 200), []);
    get(tale, 260, path, 4e8, 'curl');
    miss(tale, 270, `${TREE}/images/product.img`, true);
    assert.deepEqual(rulesAt(tale, 900), []);
  });
});
