import type { Settings } from '../config/settings.ts';
import type { Machine } from '../machine/machine.ts';
import type { Mac } from '../net/mac.ts';
import type { Uuid } from '../net/uuid.ts';

/** The configuration's machines by everything that a request may name. Made once per configuration. */
export interface MachineIndex {
  byMac(mac: Mac): Machine | undefined;
  byUuid(uuid: Uuid): Machine | undefined;
  byName(name: string): Machine | undefined;
}

export function indexMachines(settings: Settings): MachineIndex {
  const byMac = new Map<Mac, Machine>();
  const byUuid = new Map<Uuid, Machine>();
  for (const machine of settings.machines.values()) {
    for (const mac of machine.macs) byMac.set(mac, machine);
    if (machine.uuid) byUuid.set(machine.uuid, machine);
  }
  return {
    byMac: (mac) => byMac.get(mac),
    byUuid: (uuid) => byUuid.get(uuid),
    byName: (name) => settings.machines.get(name),
  };
}
