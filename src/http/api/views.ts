import { describeDiskWish } from '../../boot/disk.ts';
import type { RecordedEvent } from '../../event/event.ts';
import type { Finding } from '../../mirror/run/verify.ts';
import { formatIpv4 } from '../../net/ipv4.ts';
import type { LeaseRow, MachineRow, WakeResult } from './ports.ts';

/** `expired`: bound once, and its time has run out; the address may be given to somebody else. */
export const shownLeaseStates = ['bound', 'expired', 'released', 'abandoned'] as const;
export type ShownLeaseState = (typeof shownLeaseStates)[number];

/** A lease as JSON. Times are ISO 8601, addresses dotted. */
export interface LeaseView {
  readonly address: string;
  readonly network: string;
  /** A MAC, or `id:…`. */
  readonly client: string;
  readonly machine: string | null;
  readonly state: ShownLeaseState;
  readonly kind: 'dhcp' | 'bootp';
  readonly startsAt: string;
  /** null: never. */
  readonly endsAt: string | null;
  readonly hostName: string | null;
  readonly vendorClass: string | null;
}

export interface OperationView {
  readonly kind: string;
  readonly stage: string;
  readonly profile: string;
  readonly via: string;
  readonly grantedAt: string;
  readonly deadline: string | null;
  readonly startedAt: string | null;
  /** While the installed system is waited for: what was seen instead so far. */
  readonly seen: string | null;
}

export interface OutcomeView {
  readonly kind: string;
  readonly profile: string;
  readonly result: string;
  readonly reason: string;
  readonly at: string;
  /** Of success: whether the installed system has shown a host key that its installer reported. */
  readonly isVerified: boolean | null;
}

/** What the last installer chose. */
export interface ChosenView {
  /** As the installer called it: "/dev/sda". */
  readonly disk: string;
  /** The same disk at every start: "/dev/disk/by-id/…". */
  readonly diskId: string | null;
  readonly diskBytes: number | null;
  readonly nic: string | null;
}

/** A machine as JSON. Never holds a token. */
export interface MachineView {
  readonly name: string;
  readonly macs: readonly string[];
  readonly hostName: string;
  /** The address that it has now, else the reserved one. */
  readonly address: string | null;
  readonly profile: string | null;
  readonly state: string;
  readonly operation: OperationView | null;
  readonly outcome: OutcomeView | null;
  readonly chosen: ChosenView | null;
  /** Which disk an installation erases: "its only internal disk". */
  readonly diskRule: string;
  /** What people wrote about it; lines of text. */
  readonly notes: string | null;
  /** null: a PC, as far as anybody knows. */
  readonly mac: MacView | null;
}

/** What is known of a Mac, and what NetBoot would offer it now: the default first. */
export interface MacView {
  readonly model: string | null;
  readonly seen: readonly string[];
  readonly firmware: string;
  readonly offered: readonly { readonly image: string; readonly title: string; readonly bootFile: string }[];
  /** Why nothing is offered. */
  readonly reason: string | null;
  /** The image that it chose last. */
  readonly selected: string | null;
}

/** What was sent to wake a machine. Never holds a password. */
export interface WakeView {
  readonly sent: readonly {
    readonly mac: string;
    readonly network: string;
    /** null: by directed broadcast, through the router. */
    readonly interface: string | null;
    readonly to: string;
    readonly packets: number;
  }[];
  /** Where one of its cards answered at that moment: it is on already. null: nowhere that could be asked. */
  readonly answersAt: string | null;
  /** Networks of the machine on which nothing was sent. */
  readonly skipped: readonly { readonly network: string; readonly reason: string }[];
}

/** An event as JSON: as it is kept, with the time as ISO 8601. */
export type EventView = Omit<RecordedEvent, 'time'> & { readonly time: string };

export interface ErrorView {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
    /** A command line that does it, where this account may not. */
    readonly command?: string | undefined;
    /** What is not as it should be, a file each; at most 1000. */
    readonly findings?: readonly Finding[] | undefined;
  };
}

export function leaseView({ lease, machine }: LeaseRow, now: number): LeaseView {
  const hasEnded = lease.state === 'bound' && lease.endsAt !== null && lease.endsAt <= now;
  return {
    address: formatIpv4(lease.address),
    network: lease.network,
    client: lease.client,
    machine: machine ?? null,
    state: hasEnded ? 'expired' : lease.state,
    kind: lease.kind,
    startsAt: isoTime(lease.startsAt),
    endsAt: lease.endsAt === null ? null : isoTime(lease.endsAt),
    hostName: lease.hostName ?? null,
    vendorClass: lease.vendorClass ?? null,
  };
}

export function machineView({ machine, life, leased, notes, mac }: MachineRow): MachineView {
  const address = leased ?? machine.address;
  const { operation, outcome, chosen } = life ?? {};
  return {
    name: machine.name,
    macs: machine.macs,
    hostName: machine.hostName,
    address: address === undefined ? null : formatIpv4(address),
    profile: machine.profile ?? null,
    state: life?.state ?? 'ready',
    operation: operation
      ? {
          kind: operation.kind,
          stage: operation.stage,
          profile: operation.grant.profile,
          via: operation.grant.via,
          grantedAt: isoTime(operation.grant.grantedAt),
          deadline: operation.grant.deadline === undefined ? null : isoTime(operation.grant.deadline),
          startedAt: operation.startedAt === undefined ? null : isoTime(operation.startedAt),
          seen: operation.contact?.seen ?? null,
        }
      : null,
    outcome: outcome ? { ...outcome, at: isoTime(outcome.at), isVerified: outcome.isVerified ?? null } : null,
    chosen: chosen
      ? {
          disk: chosen.disk,
          diskId: chosen.diskId ?? null,
          diskBytes: chosen.diskBytes ?? null,
          nic: chosen.nic ?? null,
        }
      : null,
    diskRule: describeDiskWish(machine.vars.disk),
    notes: notes ?? null,
    mac: mac ? { ...mac, model: mac.model ?? null, reason: mac.reason ?? null, selected: mac.selected ?? null } : null,
  };
}

export function wakeView({ sent, answers, skipped }: Extract<WakeResult, { kind: 'sent' }>): WakeView {
  return {
    sent: sent.map(({ mac, network, interface: name, to, packets }) => ({
      mac,
      network,
      interface: name ?? null,
      to: formatIpv4(to),
      packets,
    })),
    answersAt: answers === undefined ? null : formatIpv4(answers),
    skipped: skipped.map(({ network, reason }) => ({ network, reason })),
  };
}

export function eventView(event: RecordedEvent): EventView {
  return { ...event, time: isoTime(event.time) };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
