import type { MachineView, WakeView } from '../http/api/views.ts';
import type { ApiClient } from './client.ts';

/** A machine that was woken. */
export interface Woken {
  readonly machine: MachineView;
  readonly wake: WakeView;
}

/** Resolves when it was sent: one machine a second. Rejects with ApiFailure. */
export function wakeMachine(client: ApiClient, name: string): Promise<Woken> {
  return client.send<Woken>('POST', `/machines/${encodeURIComponent(name)}/wake`);
}

/** What was sent where, and what the machine will do; a line each. */
export function describeWoken({ machine, wake: { sent, answersAt, skipped } }: Woken): string[] {
  const networks = [...new Set(sent.map(({ network }) => network))];
  const ways = networks.map((network) => {
    const here = sent.filter((one) => one.network === network);
    const [first] = here;
    const way =
      first?.interface === null
        ? `by directed broadcast to ${first.to}: its router has to let that through`
        : `by ${first?.interface}`;
    return `${machine.name} is woken on ${network} (${here.map(({ mac }) => mac).join(', ')}) ${way}`;
  });
  const isOn =
    answersAt === null
      ? []
      : [`It answers at ${answersAt}: it is on already, and does nothing with that. Restart it to boot it.`];
  return [
    ...ways,
    ...isOn,
    ...skipped.map(({ network, reason }) => `not on ${network}: ${reason}`),
    ...consequence(machine),
  ];
}

/** What it is allowed to do when it boots from the network is worth a line of its own. */
function consequence({ operation }: MachineView): string[] {
  if (operation?.kind !== 'install' || operation.stage !== 'granted') return [];
  return [`It may be installed with ${operation.profile}: ITS DISK WILL BE ERASED when it boots from the network.`];
}
