import { entry } from './entry.ts';

/** What is done about a machine's power. */
export const powerEvents = {
  'power.wake.sent': entry<{
    /** By which it left; absent: it was routed. */
    interface?: string;
    /** 255.255.255.255, or the broadcast address of a network behind a relay. */
    to: string;
    /** How many times. */
    packets: number;
    /** Where one of its cards answered at that moment. */
    answers?: string;
  }>(
    'info',
    'Wake-on-LAN was sent to a card of the machine: whether it wakes up shows when something is heard of it. Without `interface` the packet is routed to a network behind a relay, as a directed broadcast, which the router there drops unless it is told to let it through. With `answers` one of its cards answered for its address at that moment: the machine is on, and does nothing with it, or it sleeps and its card answers for it.',
    (d) => {
      const way =
        d.interface === undefined
          ? `to ${d.to}, by directed broadcast, which its router has to let through`
          : `by ${d.interface}`;
      const isOn = d.answers === undefined ? '' : `; it answers at ${d.answers}, so it is on already`;
      return `is woken: ${d.packets} magic packets ${way}${isOn}`;
    },
  ),
  'power.wake.refused': entry<{ reason: string; next: string }>(
    'warning',
    'The machine was to be woken, and nothing was sent: no network on which it may be is served, a minute’s worth of machines waits before it, or the configuration names it no longer. The reason says which.',
    (d) => `is not woken: ${d.reason}. ${d.next}`,
  ),
  'power.wake.failed': entry<{ reason: string }>(
    'error',
    'Wake-on-LAN could not be sent on a network. The reason is the system’s.',
    (d) => `cannot be woken: ${d.reason}`,
  ),
} as const;
