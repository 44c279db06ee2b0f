import type { LoaderCatalog } from '../boot/loaders.ts';
import type { Settings } from '../config/settings.ts';
import type { Emit } from '../event/event.ts';
import { formatIpv4 } from '../net/ipv4.ts';
import { ProvisionError } from '../net/provision-error.ts';

/** The boot loaders of the configuration that is in force. */
export interface ServedLoaders {
  catalog(): LoaderCatalog;
  /**
   * Makes the images that another configuration needs, and has them sent from then on. Never rejects: where they cannot be
   * made, that is told and the old ones stay.
   */
  use(settings: Settings): Promise<void>;
}

export interface ServedLoadersOptions {
  /** Makes the catalogue with images for our addresses. Rejects with ProvisionError when they cannot be written. */
  readonly open: (servers: readonly string[]) => Promise<LoaderCatalog>;
  /** Changes whenever an archive has brought other loaders. */
  readonly importedState: () => string;
  readonly settings: Settings;
  readonly emit: Emit;
}

/** Rejects as `open` does, for the first configuration only. */
export async function openServedLoaders(options: ServedLoadersOptions): Promise<ServedLoaders> {
  const { open, importedState, emit } = options;
  let known = serversOf(options.settings);
  let imported = importedState();
  let catalog = await open(known);
  return {
    catalog: () => catalog,
    use: async (settings) => {
      const servers = serversOf(settings);
      const state = importedState();
      if (state === imported && servers.every((server) => known.includes(server))) return;
      try {
        catalog = await open(servers);
        known = servers;
        imported = state;
      } catch (error) {
        if (!(error instanceof ProvisionError)) throw error;
        emit('server.limited', {}, { what: 'GRUB images for a changed address', reason: error.message });
      }
    },
  };
}

/** Only what an interface of ours serves is loaded from us directly; a relay's machines load from one of these, too. */
function serversOf({ networks }: Settings): readonly string[] {
  const served = networks.filter((network) => network.interface !== undefined && network.dhcp.mode !== 'observe');
  return [...new Set(served.map(({ address }) => formatIpv4(address)))].toSorted();
}
