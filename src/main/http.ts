import type { Settings } from '../config/settings.ts';
import type { Emit, Subject } from '../event/event.ts';
import { createBootRequestHandler } from '../http/boot/answer-request.ts';
import { type BootHttpListener, type BootHttpStats, openBootHttp } from '../http/boot/open-boot-http.ts';
import { openTcpListener, type TcpListener } from '../io/tcp.ts';
import { formatIpv4 } from '../net/ipv4.ts';
import { ProvisionError } from '../net/provision-error.ts';
import type { BootFiles } from '../serve/boot-files.ts';
import { THREAD_MODULE } from './base.ts';

/** The boot HTTP listener on all served networks. */
export interface Http {
  stats(): BootHttpStats;
  close(): Promise<void>;
}

export interface HttpOptions {
  readonly settings: Settings;
  readonly boot: BootFiles;
  readonly emit: Emit;
  /** Names the machine behind an address. */
  readonly subjectOf: (address: string, network: string) => Subject;
}

/** Opens the ports and the worker behind them. A port that cannot be opened is told and left out. */
export async function openHttp({ settings, boot, emit, subjectOf }: HttpOptions): Promise<Http> {
  const port = settings.server.httpPort;
  const handler = createBootRequestHandler({
    ...boot,
    onSentFailed: (error) => emit('store.failed', {}, { reason: String(error), next: 'Check the data folder.' }),
  });
  const sockets: TcpListener[] = [];
  const listen: BootHttpListener[] = [];
  for (const network of settings.networks) {
    if (network.dhcp.mode === 'observe') continue;
    const localAddress = formatIpv4(network.address);
    const socket = await open(
      () => openTcpListener({ address: network.address, port }),
      `${localAddress}:${port}`,
      emit,
    );
    if (socket === undefined) continue;
    sockets.push(socket);
    listen.push({ network: network.name, localAddress, openSocket: () => socket.share() });
    emit('server.listening', { network: network.name }, { what: 'HTTP', where: `${localAddress}:${port}` });
  }
  const http = await openBootHttp({
    listen,
    ask: handler.answer,
    onSent: handler.sent,
    emit,
    subjectOf,
    threadModule: THREAD_MODULE,
  });
  return {
    stats: () => http.stats(),
    close: async () => {
      await http.close();
      for (const socket of sockets) socket.close();
    },
  };
}

async function open(
  openSocket: () => Promise<TcpListener>,
  where: string,
  emit: Emit,
): Promise<TcpListener | undefined> {
  try {
    return await openSocket();
  } catch (error) {
    if (!(error instanceof ProvisionError)) throw error;
    emit('server.cannot-listen', {}, { what: 'HTTP', where, reason: error.message, next: error.hint });
    return undefined;
  }
}
