import type { Settings } from '../config/settings.ts';
import type { Status } from '../http/api/ports.ts';
import { checkFirewall } from './doctor-firewall.ts';
import { checkAccount, checkClock, checkDataFolder, checkInterfaces, checkKernelSettings } from './doctor-host.ts';
import { checkLoaders } from './doctor-loaders.ts';
import { checkPorts } from './doctor-ports.ts';
import { checkOtherServers } from './doctor-servers.ts';
import type { Finding } from './finding.ts';

export interface DoctorOptions {
  /** undefined: there is no configuration, or it has errors. */
  readonly settings: Settings | undefined;
  readonly dataFolder: string;
  /** What the running server of this data folder says; undefined: none runs, or it cannot be asked. */
  readonly status: Status | undefined;
}

/** Looks at everything that a server needs of its host. Changes nothing; asks for DHCP servers on served interfaces only. */
export async function examine(options: DoctorOptions): Promise<readonly Finding[]> {
  const { settings, dataFolder } = options;
  const general = [...(await checkDataFolder(dataFolder)), ...(await checkClock())];
  if (settings === undefined) return general;
  return [
    ...(await checkInterfaces(settings)),
    ...(await checkPorts(settings, options.status)),
    ...(await checkFirewall(settings)),
    ...(await checkOtherServers(settings)),
    ...(await checkLoaders(settings, dataFolder)),
    ...general,
    ...(await checkAccount(settings, options.status)),
    ...checkKernelSettings(settings),
  ];
}
