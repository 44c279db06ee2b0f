import type { MachineAdmin, MachineRow, OperationResult } from '../http/api/ports.ts';
import { isOver } from '../lease/book.ts';
import type { Machine } from '../machine/machine.ts';
import type { LifeEvent } from '../machine/step-life.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { Base } from './base.ts';
import { describeMac } from './macs.ts';
import type { Serving } from './serving.ts';
import { newToken } from './token.ts';
import { createWake } from './wake.ts';

/** What an operator may do with machines. Each step is on disk before it is reported. */
export function createMachineAdmin(base: Base, serving: Serving): Omit<MachineAdmin, 'render'> {
  const { book, lives, macs, now } = base;
  const settings = () => serving.state().settings;
  const wake = createWake({ base, settings, whoHas: serving.whoHas });
  const leasedBy = (machine: Machine, at: number): Ipv4 | undefined => {
    for (const network of settings().networks) {
      for (const mac of machine.macs) {
        const lease = book.leaseOf(network.name, mac);
        if (lease?.state === 'bound' && !isOver(lease, at)) return lease.address;
      }
    }
    return undefined;
  };
  const rowOf = (machine: Machine, at = now()): MachineRow => {
    const { name } = machine;
    const mac = describeMac(machine, macs, serving);
    return { machine, life: lives.get(name), leased: leasedBy(machine, at), notes: settings().notes.get(name), mac };
  };
  const step = async (name: string, event: LifeEvent): Promise<OperationResult> => {
    const machine = settings().machines.get(name);
    if (machine === undefined) return { kind: 'unknown-machine' };
    const taken = lives.step(name, event);
    await taken.saved;
    if (taken.step.kind === 'refused') return { kind: 'refused', reason: taken.step.reason };
    return { kind: 'done', row: rowOf(machine) };
  };
  return {
    *list() {
      const at = now();
      for (const machine of settings().machines.values()) yield rowOf(machine, at);
    },
    profiles: () => settings().profiles.keys(),
    async install(name, asked) {
      const { machines, profiles } = settings();
      const machine = machines.get(name);
      if (machine === undefined) return { kind: 'unknown-machine' };
      const profile = asked ?? machine.profile;
      if (profile === undefined || !profiles.has(profile)) return { kind: 'unknown-profile', profile };
      return step(name, { kind: 'granted', token: newToken(), profile, via: 'command' });
    },
    cancel: (name) => step(name, { kind: 'cancelled' }),
    retire: (name) => step(name, { kind: 'retired' }),
    unretire: (name) => step(name, { kind: 'unretired' }),
    wake: async (name) => (settings().machines.has(name) ? wake(name) : { kind: 'unknown-machine' }),
    isNamed: (mac) => serving.state().machines.byMac(mac) !== undefined,
    lifeOf: (name) => lives.get(name),
  };
}
