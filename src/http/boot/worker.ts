import type { Server } from 'node:http';
import { flushCompileCache } from 'node:module';
import type { AddressInfo } from 'node:net';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { createConnectionCounter } from './connections.ts';
import type { ListenerDeps, Wanting } from './exchange.ts';
import { createListener } from './listener.ts';
import { createMirrorPlaces } from './mirror-places.ts';
import { createTreeLookup } from './mirror-tree.ts';
import type {
  BootHttpAnswer,
  BootHttpLimits,
  BootHttpRequest,
  BootWorkerSetup,
  FromBootWorker,
  ListenerSetup,
  ToBootWorker,
  WantedFile,
} from './protocol.ts';

/** The thread that serves files to machines. Everything it may decide by itself is how to send what main names. */
async function run(setup: BootWorkerSetup, port: NonNullable<typeof parentPort>): Promise<void> {
  // Later, as an account that may not write there, it would be too late.
  flushCompileCache();
  if (setup.threadModule !== undefined) {
    const { prepareThread } = (await import(setup.threadModule)) as {
      prepareThread: () => Promise<void> | void;
    };
    await prepareThread();
  }
  const tell = (message: FromBootWorker) => port.postMessage(message);
  const { ask, want, onAnswer, takeUnasked, forgetMirrors } = createAsker(setup.limits, tell);
  const deps: ListenerDeps = {
    limits: setup.limits,
    ask,
    want,
    confirm: (confirm) => tell({ kind: 'sent', confirm }),
    emit: (id, subject, data) => tell({ kind: 'event', id, subject, data, unasked: takeUnasked() }),
    trees: createTreeLookup(() => performance.now()),
  };
  const counter = createConnectionCounter(setup.limits);
  const servers = new Map<number, Server>();
  const { graceMs } = setup.limits;
  const open = (listener: ListenerSetup) => {
    const server = createListener(listener, deps, counter);
    servers.set(listener.id, server);
    listen(server, listener, tell);
  };
  setup.listeners.forEach(open);
  port.on('message', (message: ToBootWorker) => {
    switch (message.kind) {
      case 'answer':
        return onAnswer(message.id, message.answer);
      case 'listen':
        return open(message.listener);
      case 'forget-mirrors':
        return forgetMirrors();
      case 'unlisten': {
        const server = servers.get(message.listener);
        servers.delete(message.listener);
        if (server) void closeAll([server], graceMs);
        return tell({ kind: 'unlistened', listener: message.listener });
      }
      case 'close':
        void closeAll([...servers.values()], graceMs).then(() => port.close());
    }
  });
}

function listen(server: Server, { id, socket }: ListenerSetup, tell: (message: FromBootWorker) => void): void {
  server.on('error', (error: NodeJS.ErrnoException) =>
    tell({ kind: 'cannot-listen', listener: id, code: error.code ?? error.message }),
  );
  server.once('listening', () => {
    const { port } = server.address() as AddressInfo;
    tell({ kind: 'listening', listener: id, port });
  });
  if (socket.kind === 'fd') server.listen({ fd: socket.fd });
  else server.listen({ host: socket.address, port: socket.port });
}

interface Waiting {
  readonly resolve: (answer: BootHttpAnswer) => void;
  readonly timer: NodeJS.Timeout;
}

function createAsker({ decisionMs, fetchMs }: BootHttpLimits, tell: (message: FromBootWorker) => void) {
  const waiting = new Map<number, Waiting>();
  let next = 1;
  const wait = (id: number, ms: number, late: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<BootHttpAnswer>();
    const timer = setTimeout(() => {
      waiting.delete(id);
      reject(new Error(late));
    }, ms);
    waiting.set(id, { resolve, timer });
    return { answer: promise, renew: () => void (waiting.has(id) && timer.refresh()) };
  };
  const wantings = new Map<string, Wanting>();
  const places = createMirrorPlaces();
  let unasked = 0;
  return {
    ask: async (request: Omit<BootHttpRequest, 'id'>): Promise<BootHttpAnswer> => {
      const known = places.find(request);
      if (known !== undefined) {
        unasked += 1;
        return known;
      }
      const epoch = places.epoch();
      const id = next++;
      tell({ kind: 'ask', request: { id, ...request } });
      const answer = await wait(id, decisionMs, 'the server did not decide in time, try again').answer;
      places.note(request, answer, epoch);
      return answer;
    },
    forgetMirrors: places.forget,
    takeUnasked: () => {
      const count = unasked;
      unasked = 0;
      return count;
    },
    want: (wanted: WantedFile): Wanting => {
      const key = `${wanted.mirror} ${wanted.sha256}`;
      const known = wantings.get(key);
      if (known) return known;
      const id = next++;
      tell({ kind: 'want', id, wanted });
      const { answer, renew } = wait(id, fetchMs, 'nothing came from the upstream in time, try again');
      let hasMoved = false;
      const wanting: Wanting = {
        answer: answer.finally(() => wantings.delete(key)),
        renew: () => {
          hasMoved = true;
          renew();
        },
        hasMoved: () => hasMoved,
      };
      wantings.set(key, wanting);
      return wanting;
    },
    onAnswer: (id: number, answer: BootHttpAnswer) => {
      const waiter = waiting.get(id);
      if (!waiter) return;
      waiting.delete(id);
      clearTimeout(waiter.timer);
      waiter.resolve(answer);
    },
  };
}

/** Takes no more connections, lets running answers go on for a moment, then cuts them. */
async function closeAll(servers: readonly Server[], graceMs: number): Promise<void> {
  const cut = setTimeout(() => {
    for (const server of servers) server.closeAllConnections();
  }, graceMs);
  // A server that never listened answers with an error, which is fine: there is nothing to close.
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  clearTimeout(cut);
}

// Nothing happens when something else than a Worker imports this file.
if (!isMainThread && parentPort) await run(workerData as BootWorkerSetup, parentPort);
