import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import Fastify from 'fastify';
import { openStreams } from './streams.ts';

/** A server whose one route is a stream; `ended` has what became of each. */
async function serve(t: TestContext, stream: (response: ServerResponse) => Promise<void>) {
  const app = Fastify();
  t.after(() => app.close());
  const streams = openStreams(app);
  const ended: Promise<void>[] = [];
  app.get('/', async (_request, reply) => {
    reply.hijack();
    const run = streams.run(reply.raw, async (response) => {
      response.writeHead(200, { Connection: 'close' });
      await new Promise<void>((resolve) => response.write('begun\n', () => resolve()));
      await stream(response);
    });
    ended.push(run);
    run.catch(() => {});
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const [response] = (await once(get({ port, host: '127.0.0.1', agent: false }), 'response')) as [IncomingMessage];
  response.on('error', () => {});
  response.resume();
  const closed = new Promise<void>((resolve) => response.once('close', resolve));
  return { app, response, closed, ended };
}

test('a stream that fails ends its connection, and the server does not wait for it', async (t) => {
  const { app, response, closed, ended } = await serve(t, async () => {
    throw new Error('the store is gone');
  });
  await closed;
  assert.equal(response.complete, false);
  await assert.rejects(ended[0] ?? Promise.resolve(), /the store is gone/);
  await app.close();
});

test('a stream that is open ends when the server stops', async (t) => {
  const { app, response, closed } = await serve(t, async (stream) => {
    await once(stream, 'close');
  });
  await app.close();
  await closed;
  assert.equal(response.complete, true);
});
