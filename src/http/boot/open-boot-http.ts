import { Worker } from 'node:worker_threads';
import type { Emit, Subject } from '../../event/event.ts';
import { ANSWERING, restartAfter } from '../../net/restart.ts';
import {
  type BootHttpAnswer,
  type BootHttpLimits,
  type BootHttpRequest,
  type BootSocket,
  type BootWorkerSetup,
  defaultBootHttpLimits,
  type FromBootWorker,
  type ListenerSetup,
  type ToBootWorker,
  type WantedFile,
} from './protocol.ts';

/** One listener of the boot worker. */
export interface BootHttpListener {
  readonly network: string;
  /** Our own address there, dotted. */
  readonly localAddress: string;
  /** A socket for a worker that is about to start. Called again for each restart: a descriptor dies with its worker. */
  readonly openSocket: () => BootSocket;
}

export interface BootHttpOptions {
  readonly listen: readonly BootHttpListener[];
  /** Decides what a request is to get. A rejection becomes 503. */
  readonly ask: (request: BootHttpRequest) => Promise<BootHttpAnswer>;
  /** Gets a mirror's file to this host; default: there are no mirrors. */
  readonly want?: ((wanted: WantedFile) => Promise<BootHttpAnswer>) | undefined;
  /** A text with this mark was sent in full. */
  readonly onSent?: ((confirm: string) => void) | undefined;
  readonly emit: Emit;
  /** Names the machine behind an address, for events. */
  readonly subjectOf?: ((address: string, network: string) => Subject) | undefined;
  /** After a worker died: another one listens. */
  readonly onRestart?: (() => void) | undefined;
  readonly limits?: Partial<BootHttpLimits> | undefined;
  /** URL of a module that exports `prepareThread()`: gives up rights before the first connection is taken. */
  readonly threadModule?: string | undefined;
}

/** Counts since the start, for `status`. */
export interface BootHttpStats {
  readonly requests: number;
  readonly done: number;
  readonly aborted: number;
  readonly refused: number;
  readonly sentBytes: number;
}

export interface BootHttp {
  /** The ports, in the order of `listen`; undefined where it could not be opened. */
  readonly ports: readonly (number | undefined)[];
  /** Takes connections from one more socket; the others go on. */
  listen(listener: BootHttpListener): void;
  /** Takes no more from this one, and cuts its connections soon. Resolves when the worker has closed its socket. */
  unlisten(listener: BootHttpListener): Promise<void>;
  stats(): BootHttpStats;
  /** What `ask` says of mirrors has changed: it was taken for all of their files. */
  forgetMirrors(): void;
  /** Takes no more connections, cuts those that do not end at once, and resolves after the worker is gone. */
  close(): Promise<void>;
  /** Ends the worker without notice, as a defect would. For tests. */
  terminateWorker(): Promise<void>;
}

const NO_MIRRORS: BootHttpAnswer = { kind: 'refuse', status: 503, reason: 'there are no mirrors here' };

/**
 * Starts the worker that serves files to machines. Resolves when each listener is open or was told as
 * `server.cannot-listen`. A worker that dies is told as `worker.died` and started again.
 */
export async function openBootHttp(options: BootHttpOptions): Promise<BootHttp> {
  const link = new BootWorkerLink(options);
  await link.started;
  return link;
}

class BootWorkerLink implements BootHttp {
  readonly #options: BootHttpOptions;
  readonly #limits: BootHttpLimits;
  /** By id. */
  readonly #listeners = new Map<number, BootHttpListener>();
  readonly #ports = new Map<number, number>();
  readonly #unlistening = new Map<number, () => void>();
  readonly #counts = { requests: 0, done: 0, aborted: 0, refused: 0, sentBytes: 0 };
  readonly #started = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  /** Listeners of the running worker that have not said yet whether they are open. */
  #silent = new Set<number>();
  #worker: Worker | undefined;
  #restart: NodeJS.Timeout | undefined;
  #isClosing = false;
  #restarts = 0;
  #deaths = 0;
  #nextListener = 0;

  constructor(options: BootHttpOptions) {
    this.#options = options;
    this.#limits = { ...defaultBootHttpLimits, ...options.limits };
    for (const listener of options.listen) this.#add(listener);
    this.#start();
  }

  get started(): Promise<void> {
    return this.#started.promise;
  }

  get ports(): readonly (number | undefined)[] {
    return [...this.#listeners.keys()].map((id) => this.#ports.get(id));
  }

  listen(listener: BootHttpListener): void {
    const id = this.#add(listener);
    // A worker that is about to start finds it among the others.
    if (this.#worker) this.#post(this.#worker, { kind: 'listen', listener: setupOf(id, listener) });
  }

  async unlisten(listener: BootHttpListener): Promise<void> {
    const [id] = [...this.#listeners].find(([, one]) => one === listener) ?? [];
    if (id === undefined) return;
    this.#listeners.delete(id);
    this.#ports.delete(id);
    if (!this.#worker) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#unlistening.set(id, resolve);
    this.#post(this.#worker, { kind: 'unlisten', listener: id });
    await promise;
  }

  #add(listener: BootHttpListener): number {
    const id = this.#nextListener++;
    this.#listeners.set(id, listener);
    return id;
  }

  stats(): BootHttpStats {
    return { ...this.#counts };
  }

  async close(): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      clearTimeout(this.#restart);
      if (this.#worker) this.#post(this.#worker, { kind: 'close' });
      else this.#gone.resolve();
    }
    await this.#gone.promise;
  }

  async terminateWorker(): Promise<void> {
    await this.#worker?.terminate();
  }

  forgetMirrors(): void {
    if (this.#worker) this.#post(this.#worker, { kind: 'forget-mirrors' });
  }

  #start(): void {
    this.#restart = undefined;
    const listeners = [...this.#listeners].map(([id, listener]) => setupOf(id, listener));
    const workerData: BootWorkerSetup = {
      listeners,
      limits: this.#limits,
      threadModule: this.#options.threadModule,
    };
    this.#silent = new Set(listeners.map(({ id }) => id));
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData, name: 'boot-http' });
    this.#worker = worker;
    const since = performance.now();
    let reason = '';
    worker.on('online', () => {
      if (listeners.length === 0) this.#started.resolve();
    });
    worker.on('message', (message: FromBootWorker) => this.#onMessage(worker, message));
    worker.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    worker.on('exit', (code) => this.#onExit(reason || `exit code ${code}`, performance.now() - since));
  }

  /** A socket may not be had just now (too many descriptors): tried again, like a worker that died at its start. */
  #startAgain(): void {
    try {
      this.#start();
    } catch (error) {
      this.#onExit(error instanceof Error ? error.message : String(error), 0);
    }
  }

  #onExit(reason: string, livedMs: number): void {
    this.#worker = undefined;
    // With the worker, its sockets are gone.
    for (const done of this.#unlistening.values()) done();
    this.#unlistening.clear();
    if (this.#isClosing) {
      this.#started.resolve();
      this.#gone.resolve();
      return;
    }
    this.#restarts += 1;
    this.#options.emit('worker.died', {}, { name: 'boot HTTP', reason });
    const { deaths, waitMs } = restartAfter(ANSWERING, this.#deaths, livedMs);
    this.#deaths = deaths;
    if (waitMs === 0) this.#startAgain();
    else this.#restart = setTimeout(() => this.#startAgain(), waitMs);
  }

  #onMessage(worker: Worker, message: FromBootWorker): void {
    switch (message.kind) {
      case 'ask':
        this.#counts.requests += 1;
        void this.#answer(worker, message.request.id, () => this.#options.ask(message.request));
        break;
      case 'want':
        void this.#answer(worker, message.id, async () => this.#options.want?.(message.wanted) ?? NO_MIRRORS);
        break;
      case 'sent':
        this.#options.onSent?.(message.confirm);
        break;
      case 'event':
        this.#counts.requests += message.unasked;
        this.#onEvent(message);
        break;
      case 'listening':
        if (this.#listeners.has(message.listener)) this.#ports.set(message.listener, message.port);
        this.#heardFrom(message.listener);
        break;
      case 'unlistened':
        this.#unlistening.get(message.listener)?.();
        this.#unlistening.delete(message.listener);
        break;
      case 'cannot-listen':
        this.#tellCannotListen(message.listener, message.code);
        this.#heardFrom(message.listener);
        break;
    }
  }

  async #answer(worker: Worker, id: number, decide: () => Promise<BootHttpAnswer>): Promise<void> {
    let answer: BootHttpAnswer;
    try {
      answer = await decide();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      answer = { kind: 'refuse', status: 503, reason: `the server could not decide: ${reason}` };
    }
    // A worker that died meanwhile has other numbers.
    if (worker === this.#worker) this.#post(worker, { kind: 'answer', id, answer });
  }

  #onEvent({ id, subject, data }: Extract<FromBootWorker, { kind: 'event' }>): void {
    const { subjectOf, emit } = this.#options;
    const { address = '', network = '' } = subject;
    const counts = this.#counts;
    if (id === 'http.done') {
      counts.done += 1;
      counts.sentBytes += (data as { bytes: number }).bytes;
    } else if (id === 'http.aborted') counts.aborted += 1;
    else if (id === 'http.refused') counts.refused += 1;
    // The worker made the data for this very id.
    emit(id, { ...subject, ...subjectOf?.(address, network) }, data as never);
  }

  #heardFrom(listener: number): void {
    this.#silent.delete(listener);
    if (this.#silent.size > 0) return;
    this.#started.resolve();
    if (this.#restarts === 0) return;
    this.#restarts = 0;
    this.#options.onRestart?.();
  }

  #tellCannotListen(listener: number, code: string): void {
    const { network = '', localAddress = '' } = this.#listeners.get(listener) ?? {};
    const next =
      code === 'EADDRINUSE' ? 'Find the other program with: ss -tlpn' : 'Look at the address with: ip -br address';
    this.#options.emit('server.cannot-listen', { network }, { what: 'HTTP', where: localAddress, reason: code, next });
  }

  #post(worker: Worker, message: ToBootWorker): void {
    worker.postMessage(message);
  }
}

function setupOf(id: number, { network, localAddress, openSocket }: BootHttpListener): ListenerSetup {
  return { id, network, localAddress, socket: openSocket() };
}
