import { join } from 'node:path';
import { createApi } from '../http/api/create-api.ts';
import { listenUnix, socketName } from '../http/api/listen-unix.ts';
import type { ReloadResult } from '../http/api/ports.ts';
import type { Base } from './base.ts';
import { createLeaseAdmin } from './lease-admin.ts';
import { createMachineAdmin } from './machine-admin.ts';
import type { Serving } from './serving.ts';
import { createStatus } from './status.ts';

export interface AdminOptions {
  readonly base: Base;
  readonly serving: Serving;
  readonly configPath: string | undefined;
  readonly dataFolder: string;
  readonly reload: () => Promise<ReloadResult>;
}

/** The admin API on the data folder's socket: what the command line talks to. */
export async function openAdmin(options: AdminOptions): Promise<{ close(): Promise<void> }> {
  const { base, serving, dataFolder, reload } = options;
  const api = createApi({
    server: { status: createStatus(options), reload },
    leases: createLeaseAdmin(base, serving),
    machines: createMachineAdmin(base, serving),
    events: {
      list: (query) => base.store.events.list(query),
      subscribe: base.hub.subscribe,
      lastSeq: base.hub.lastSeq,
    },
    now: base.now,
  });
  await listenUnix(api, join(dataFolder, socketName));
  return { close: () => api.close() };
}
