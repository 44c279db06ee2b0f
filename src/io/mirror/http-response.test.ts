import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createResponseReader } from './http-response.ts';

interface Read {
  readonly status: number | undefined;
  readonly body: string;
  readonly isOver: boolean;
  /** Of the bytes, how many were not taken. */
  readonly left: number;
}

/** Feeds a response in pieces of so many bytes; `isEnded`: the connection ends then. */
function read(text: string, size: number, isEnded = false): Read {
  const reader = createResponseReader();
  const bytes = Buffer.from(text, 'latin1');
  let [body, at] = ['', 0];
  while (at < bytes.length && !reader.isOver()) {
    const taken = reader.take(bytes.subarray(at, at + size), (piece) => {
      body += Buffer.from(piece).toString('latin1');
    });
    assert.ok(taken > 0);
    at += taken;
  }
  if (isEnded) reader.end();
  return { status: reader.head()?.status, body, isOver: reader.isOver(), left: bytes.length - at };
}

function readAll(text: string, expected: Read, isEnded = false): void {
  for (let size = 1; size <= text.length; size++) assert.deepEqual(read(text, size, isEnded), expected, `by ${size}`);
}

describe('what an upstream answers', () => {
  test('with its length, wherever it is cut', () => {
    const text = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag:  "x" \r\n\r\nhellomore';
    readAll(text, { status: 200, body: 'hello', isOver: true, left: 4 });
  });

  test('in chunks, with extensions and trailers', () => {
    const text =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\nA \r\n, world\r\n!\r\n0\r\nX: y\r\n\r\nZ';
    readAll(text, { status: 200, body: 'hello, world\r\n!', isOver: true, left: 1 });
  });

  test('up to the end of the connection, where it says no length', () => {
    readAll('HTTP/1.0 200\r\n\r\nall of it', { status: 200, body: 'all of it', isOver: true, left: 0 }, true);
  });

  test('answers that come before the answer, and answers without a body', () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n';
    readAll(`${early}HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n`, {
      status: 304,
      body: '',
      isOver: true,
      left: 0,
    });
  });

  test('header names in lower case, the first of two, and whether the connection stays', () => {
    const head = (lines: string) => {
      const reader = createResponseReader();
      reader.take(Buffer.from(`${lines}\r\n\r\n`), () => {});
      return reader.head();
    };
    assert.deepEqual(
      { ...head('HTTP/1.1 200 OK\r\nETag: "a"\r\netag: "b"\r\nConnection: Keep-Alive')?.headers },
      { etag: '"a"', connection: 'Keep-Alive' },
    );
    const kept = ['HTTP/1.1 200 OK', 'HTTP/1.0 200 OK\r\nConnection: keep-alive'];
    const closed = ['HTTP/1.0 200 OK', 'HTTP/1.1 200 OK\r\nConnection: close'];
    const both = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked';
    assert.deepEqual(
      [...kept, ...closed, both].map((lines) => head(lines)?.isKept),
      [true, true, false, false, false],
    );
  });

  test('what is no answer, or could be read in two ways, is refused', () => {
    const bad = [
      'SSH-2.0-OpenSSH_9.2\r\n\r\n',
      'HTTP/2 200\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
      'HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n',
      'HTTP/1.1 200 OK\r\nA : b\r\n\r\n',
      `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(16 * 1024)}\r\n\r\n`,
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'A: b\r\n'.repeat(1000)}`,
      'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000),
    ];
    for (const text of bad) assert.throws(() => read(text, 7), Error, text.slice(0, 80));
    for (const cut of ['', 'HTTP/1.1 200', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell']) {
      assert.throws(() => read(cut, 7, true), Error, cut);
    }
    assert.throws(() => read('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n', 7, true), /broke off/);
  });
});
