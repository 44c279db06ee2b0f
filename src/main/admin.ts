import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import type { Settings } from '../config/settings.ts';
import { createApi } from '../http/api/create-api.ts';
import { listenUnix, socketName } from '../http/api/listen-unix.ts';
import type { ApiPorts, ServerAdmin, Status, StoryFeed } from '../http/api/ports.ts';
import { loadToken, tokenFileName } from '../http/api/token-file.ts';
import { readPageFiles } from '../http/page/page-files.ts';
import { ANY, formatIpv4, ipv4 } from '../net/ipv4.ts';
import type { Base } from './base.ts';
import { createConfigAdmin } from './config-admin.ts';
import { createLeaseAdmin } from './lease-admin.ts';
import { ADMIN_API } from './listener-table.ts';
import { createMachineAdmin } from './machine-admin.ts';
import { createMeasures } from './measures.ts';
import { createMirrorAdmin } from './mirror-admin.ts';
import type { MirrorServing } from './mirrors.ts';
import { createRender } from './render.ts';
import type { Serving } from './serving.ts';
import { createStatus } from './status.ts';
import type { Stories } from './stories.ts';

const PAGE_FOLDER = fileURLToPath(new URL('../../ui/dist', import.meta.url));
const LOOPBACK = ipv4('127.0.0.1');

export interface AdminOptions {
  readonly base: Base;
  readonly serving: Serving;
  readonly mirrors: MirrorServing;
  readonly stories: StoryFeed & Pick<Stories, 'pid'>;
  readonly configPath: string | undefined;
  readonly dataFolder: string;
  readonly reload: ServerAdmin['reload'];
}

/** The admin API: on the data folder's unix socket for the command line, and on TCP where the configuration says. */
export interface Admin {
  /** Listens where another configuration says. */
  use(settings: Settings): Promise<void>;
  /** The web page's address with the token in its fragment, which a browser does not send; undefined: no TCP. A secret. */
  pageLink(): string | undefined;
  close(): Promise<void>;
}

/** Throws ProvisionError when the unix socket cannot be opened. A TCP port that cannot be had is told, and left out. */
export async function openAdmin(options: AdminOptions): Promise<Admin> {
  const { base, serving, stories, dataFolder, reload } = options;
  const socket = join(dataFolder, socketName);
  const tokenFile = join(dataFolder, tokenFileName);
  const tcp = createTcp(base, tokenFile);
  const admin = (): Status['admin'] => ({ socket, tokenFile, ...tcp.state() });
  const ports: ApiPorts = {
    server: { status: createStatus({ ...options, admin }), reload },
    config: createConfigAdmin({
      ...options,
      reload: () => reload({ onlyChanges: true }),
      settings: () => serving.state().settings,
      listEvents: (query) => base.store.events.list(query),
    }),
    leases: createLeaseAdmin(base, serving),
    machines: { ...createMachineAdmin(base, serving), render: createRender(base, serving) },
    mirrors: createMirrorAdmin(options.mirrors),
    events: {
      list: (query) => base.store.events.list(query),
      subscribe: base.hub.subscribe,
      lastSeq: base.hub.lastSeq,
    },
    stories,
    measures: createMeasures(base.hub, stories.pid),
    now: base.now,
  };
  const api = createApi(ports);
  await listenUnix(api, socket);
  await tcp.use(serving.state().settings, ports);
  return {
    use: (settings) => tcp.use(settings, ports),
    pageLink: () => tcp.link(serving.state().settings),
    close: async () => {
      await tcp.close();
      await api.close();
    },
  };
}

/** The TCP side: opened and closed as the configuration changes. */
function createTcp({ emit, now }: Base, tokenFile: string) {
  let app: FastifyInstance | undefined;
  let listen: string | null = null;
  let problem: string | null = null;
  let known: string | undefined;
  const page = readPageFiles(PAGE_FOLDER);
  const close = async () => {
    await app?.close();
    app = undefined;
  };
  const open = async (ports: ApiPorts, host: string, port: number) => {
    const token = await loadToken(tokenFile);
    const guard = {
      token,
      hostNames: [hostname().toLowerCase()],
      now,
      onRefused: (address: string, failures: number) => emit('admin.refused', { address }, { failures }),
    };
    known = token;
    const opening = createApi(ports, { guard, page });
    try {
      await opening.listen({ host, port });
    } catch (error) {
      await opening.close();
      throw error;
    }
    app = opening;
  };
  return {
    state: () => ({ listen, problem }),
    close,
    link: ({ networks, server: { adminListen } }: Settings) => {
      if (app === undefined || adminListen === undefined || known === undefined) return undefined;
      // On all addresses: one that an operator's computer is likely to reach.
      const address = adminListen.address === ANY ? (networks[0]?.address ?? LOOPBACK) : adminListen.address;
      return `http://${formatIpv4(address)}:${adminListen.port}/#token=${known}`;
    },
    use: async ({ server: { adminListen } }: Settings, ports: ApiPorts) => {
      const wanted = adminListen ? `${formatIpv4(adminListen.address)}:${adminListen.port}` : null;
      if (wanted === listen && problem === null) return;
      await close();
      listen = wanted;
      problem = null;
      if (!adminListen) return;
      const where = `${wanted}`;
      try {
        await open(ports, formatIpv4(adminListen.address), adminListen.port);
        emit('server.listening', {}, { what: ADMIN_API, where });
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
        const next = 'Free the port, or set server.admin.listen to another one or to off.';
        emit('server.cannot-listen', {}, { what: ADMIN_API, where, reason: problem, next });
      }
    },
  };
}
