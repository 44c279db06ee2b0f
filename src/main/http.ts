import type { Settings } from '../config/settings.ts';
import type { Emit, Subject } from '../event/event.ts';
import { createBootRequestHandler, type ResolveMirror } from '../http/boot/answer-request.ts';
import { type BootHttp, type BootHttpListener, type BootHttpStats, openBootHttp } from '../http/boot/open-boot-http.ts';
import type { BootHttpAnswer, WantedFile } from '../http/boot/protocol.ts';
import { openTcpListener, type TcpListener } from '../io/tcp.ts';
import { formatIpv4, type Ipv4 } from '../net/ipv4.ts';
import { ProvisionError } from '../net/provision-error.ts';
import type { BootFiles } from '../serve/boot-files.ts';
import { THREAD_MODULE } from './base.ts';

/** The boot HTTP listener on all served networks. */
export interface Http {
  stats(): BootHttpStats;
  /** Opens and closes what the configuration in force asks for. What did not change is left alone, with its downloads. */
  follow(): Promise<void>;
  close(): Promise<void>;
}

export interface HttpOptions {
  /** Those in force. */
  readonly settings: () => Settings;
  readonly boot: BootFiles;
  readonly resolveMirror: ResolveMirror;
  /** Hears that what `resolveMirror` says has changed. */
  readonly onMirrorsChanged: (listener: () => void) => void;
  readonly wantMirrored: (wanted: WantedFile) => Promise<BootHttpAnswer>;
  readonly emit: Emit;
  /** Names the machine behind an address. */
  readonly subjectOf: (address: string, network: string) => Subject;
  /** Nothing listens at this place any more, "10.0.0.2:80". */
  readonly onClosed: (where: string) => void;
}

interface Place {
  /** The network's name. */
  readonly network: string;
  readonly address: Ipv4;
  readonly port: number;
}

interface Open {
  readonly socket: TcpListener;
  readonly listener: BootHttpListener;
}

const RETRY_MS = 5_000;

/** Opens the ports and the worker behind them. A port that cannot be had is told, and tried again until it can. */
export async function openHttp(options: HttpOptions): Promise<Http> {
  const { boot, resolveMirror, emit, subjectOf } = options;
  const handler = createBootRequestHandler({
    ...boot,
    resolveMirror,
    accelLocation: () => options.settings().server.accelLocation,
    onSentFailed: (error) => emit('store.failed', {}, { reason: String(error), next: 'Check the data folder.' }),
  });
  const http = await openBootHttp({
    listen: [],
    ask: handler.answer,
    want: options.wantMirrored,
    onSent: handler.sent,
    emit,
    subjectOf,
    threadModule: THREAD_MODULE,
  });
  options.onMirrorsChanged(() => http.forgetMirrors());
  const ports = createPorts(http, options);
  await ports.follow();
  const timer = setInterval(() => void ports.follow(), RETRY_MS);
  return {
    stats: () => http.stats(),
    follow: ports.follow,
    close: async () => {
      clearInterval(timer);
      await ports.stop();
      await http.close();
      ports.closeSockets();
    },
  };
}

/** Keeps open what is wanted. Steps wait for each other: a retry and a reload may want the same. */
function createPorts(http: BootHttp, { settings, emit, onClosed }: HttpOptions) {
  const open = new Map<string, Open>();
  /** The last failure that was told; the same one is not told again at every try. */
  const told = new Map<string, string>();
  let last = Promise.resolve();
  let isStopped = false;
  const tryToOpen = async (key: string, place: Place) => {
    const localAddress = formatIpv4(place.address);
    const about = { what: 'HTTP', where: whereOf(place) };
    try {
      const socket = await openTcpListener(place);
      const listener = { network: place.network, localAddress, openSocket: () => socket.share() };
      http.listen(listener);
      open.set(key, { socket, listener });
      told.delete(key);
      emit('server.listening', { network: place.network }, about);
    } catch (error) {
      if (!(error instanceof ProvisionError)) throw error;
      if (told.get(key) === error.message) return;
      told.set(key, error.message);
      emit('server.cannot-listen', {}, { ...about, reason: error.message, next: error.hint });
    }
  };
  const step = async () => {
    if (isStopped) return;
    const wanted = placesOf(settings());
    for (const key of told.keys()) if (!wanted.has(key)) told.delete(key);
    for (const [key, { socket, listener }] of open) {
      if (wanted.has(key)) continue;
      open.delete(key);
      await http.unlisten(listener);
      socket.close();
      onClosed(`${listener.localAddress}:${socket.port}`);
    }
    for (const [key, place] of wanted) if (!open.has(key)) await tryToOpen(key, place);
  };
  return {
    follow: () => {
      last = last.then(step);
      return last;
    },
    stop: () => {
      isStopped = true;
      return last;
    },
    closeSockets: () => {
      for (const { socket } of open.values()) socket.close();
    },
  };
}

/** A network behind relays has our address on another one: the socket of that one serves both. */
function placesOf({ networks, server }: Settings): Map<string, Place> {
  const places = new Map<string, Place>();
  const served = networks.filter(({ dhcp }) => dhcp.mode !== 'observe');
  const here = served.filter((network) => network.interface !== undefined);
  for (const { name, address } of [...here, ...served.filter((network) => network.interface === undefined)]) {
    const place = { network: name, address, port: server.httpPort };
    const isTaken = [...places.values()].some((other) => other.address === address);
    if (!isTaken) places.set(`${name} ${whereOf(place)}`, place);
  }
  return places;
}

function whereOf({ address, port }: Place): string {
  return `${formatIpv4(address)}:${port}`;
}
