import { decideBoot } from '../boot/decide.ts';
import type { LoaderCatalog } from '../boot/loaders.ts';
import type { RecordedEvent } from '../event/event.ts';
import { discoveredMachine } from '../machine/discovered.ts';
import type { Lives } from '../machine/lives.ts';
import type { Macs } from '../machine/macs.ts';
import type { Mac } from '../net/mac.ts';
import type { DhcpSetup } from '../serve/dhcp/service.ts';
import type { BootState } from './boot.ts';

export interface MacSetupParts {
  readonly state: BootState;
  readonly catalog: LoaderCatalog;
  readonly lives: Pick<Lives, 'get'>;
  readonly now: () => number;
}

/** What decides about Macs, under one configuration. Takes no step in anybody's life: GRUB's question does. */
export function macSetup({ state, catalog, lives, now }: MacSetupParts): DhcpSetup['mac'] {
  const { mac: settings, images, profiles, unknownMachines: unknown, server } = state.settings;
  return {
    policy: { settings, images, loaders: catalog.mac },
    httpPort: server.httpPort,
    decide: (mac, machine) => {
      const stand = unknown.kind === 'install' ? discoveredMachine(mac, unknown.profile) : undefined;
      const name = machine?.name ?? stand?.name;
      const life = name === undefined ? undefined : lives.get(name);
      return decideBoot({ machine, life, profiles, unknown, now: now() });
    },
  };
}

/** Between choosing an image and GRUB's question lie a transfer and two leases. */
const CHOICE_COUNTS_MS = 10 * 60_000;

/** Whether the Mac has just chosen to boot from its disk. */
export function choseDisk(state: BootState, macs: Pick<Macs, 'get'>, mac: Mac, now: number): boolean {
  const selected = macs.get(mac)?.selected;
  if (selected === undefined || now - selected.at > CHOICE_COUNTS_MS) return false;
  return state.settings.images.some(({ name, what }) => name === selected.image && what.kind === 'localboot');
}

/** Follows what was loaded, and what shows that it has started, by what is told of transfers and questions. */
export function followTransfers(macs: Macs, { id, mac, data }: RecordedEvent): void {
  if (mac === undefined) return;
  if (id === 'tftp.done') macs.transferred(mac, String(data.file));
  else if (id === 'boot.config') macs.started(mac);
}
