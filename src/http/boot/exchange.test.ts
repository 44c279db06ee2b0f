import assert from 'node:assert/strict';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { type Exchange, sendRefusal } from './exchange.ts';

/** What a refusal puts on the wire: the response's calls are written down. */
function refusedTo(userAgent: string, method = 'GET') {
  const sent: { status?: number; headers?: OutgoingHttpHeaders; body?: string | undefined } = {};
  const response = {
    writeHead: (status: number, headers: OutgoingHttpHeaders) => Object.assign(sent, { status, headers }),
    end: (body?: Buffer) => Object.assign(sent, { body: body?.toString() }),
  };
  const exchange: Exchange = {
    request: {} as IncomingMessage,
    response: response as unknown as ServerResponse,
    ...{ method, shownPath: '/x', userAgent, subject: {}, startedMs: 0, emit: () => undefined },
  };
  sendRefusal(exchange, { status: 404, reason: 'there is no x' });
  return sent;
}

describe('sendRefusal()', () => {
  test('says why in a line of text, and keeps the connection', () => {
    assert.deepEqual(refusedTo('curl/7.88.1'), {
      status: 404,
      headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': 14 },
      body: 'there is no x\n',
    });
  });

  test('HEAD gets the headers only', () => assert.equal(refusedTo('UefiHttpBoot/1.0', 'HEAD').body, undefined));

  test('GRUB gets the body too, and a connection that stays open: without them it hangs', () => {
    assert.deepEqual(refusedTo('GRUB 2.06-13+deb12u2'), refusedTo('curl/7.88.1'));
  });
});
