import type { BootClient } from '../../boot/client.ts';
import type { BootDecision } from '../../boot/decide.ts';
import type { EventData, EventId, Subject } from '../../event/event.ts';
import type { LeaseView, Offer } from '../../lease/book.ts';
import type { LeaseChange } from '../../lease/lease.ts';
import type { Network } from '../../lease/network.ts';
import type { MacRecord } from '../../machine/mac-record.ts';
import type { Machine } from '../../machine/machine.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { Mac } from '../../net/mac.ts';
import type { OfferPolicy } from '../bsdp/offer.ts';
import type { SilenceCode } from '../bsdp/silence.ts';
import type { Destination } from './destination.ts';
import type { BootFields } from './reply.ts';
import type { DhcpRequest } from './request.ts';

/** An event that a verdict wants told, once it has come true. */
export type Told = {
  readonly [Id in EventId]: { readonly id: Id; readonly subject: Subject; readonly data: EventData<Id> };
}[EventId];

/** What is to be done about one request. Nothing has happened yet when it is returned. */
export type Verdict =
  /** Not answered. Loud events go into `told`. */
  | {
      readonly kind: 'ignore';
      readonly reason: string;
      /** The address of the subnet that a relay asks for, and that no network has. */
      readonly wanted?: Ipv4 | undefined;
      readonly told: readonly Told[];
      /** The client does not want this offer any more. */
      readonly dropOffer?: Offer | undefined;
      readonly note?: MacNote | undefined;
    }
  /** Ask whether somebody answers at this address, then decide again. */
  | { readonly kind: 'probe'; readonly offer: Offer }
  /** Hold the offer (if any), write the change (if any), and when it is on disk: send, then tell. */
  | {
      readonly kind: 'answer';
      readonly offer?: Offer | undefined;
      readonly change?: LeaseChange | undefined;
      /** Undefined for DECLINE and RELEASE, and in observe mode. */
      readonly reply?: Reply | undefined;
      readonly told: readonly Told[];
      readonly note?: MacNote | undefined;
    };

/** What a verdict about a Mac comes to besides. */
export interface MacNote {
  readonly mac: Mac;
  /** Whether the configuration names it. */
  readonly isKnown: boolean;
  /** To be kept. */
  readonly record?: MacRecord | undefined;
  /** For the counters of `status`. */
  readonly counted?: 'list' | 'select' | 'failed' | SilenceCode | undefined;
  /** Told at most once an hour for this Mac and each key. */
  readonly rarely: readonly { readonly key: string; readonly told: Told }[];
  /** The GRUB image that the Mac was told to load: it is to be heard of again. */
  readonly sent?: string | undefined;
  /** Whether what it was sent before is settled: it has started, or it has not and that was told. */
  readonly isSettled?: boolean | undefined;
}

export interface Reply {
  readonly bytes: Uint8Array;
  readonly to: Destination;
  /** Our address on that network. Firmware compares it with option 54. */
  readonly source: Ipv4;
}

/** What the decision about booting came to, for this client on this network. */
export type BootAnswer =
  | { readonly kind: 'boot'; readonly fields: BootFields }
  /** It does not ask to be booted, or gets no boot file but an address. */
  | { readonly kind: 'none' }
  /** The boot side stays silent on purpose; firmware then gets no offer at all. */
  | { readonly kind: 'silent'; readonly reason: string }
  | { readonly kind: 'unsupported'; readonly arch: number; readonly reason: string };

/** Everything that a decision may look at. */
export interface DhcpContext {
  readonly networks: readonly Network[];
  readonly view: LeaseView;
  /** Milliseconds since 1970. */
  readonly now: number;
  machineByMac(mac: Mac): Machine | undefined;
  classify(facts: DhcpRequest['facts']): BootClient;
  answerBoot(client: BootClient, network: Network, machine: Machine | undefined): BootAnswer;
  readonly mac: MacContext;
  /** What a conflict probe found, as long as that is fresh. */
  probed(address: Ipv4): 'free' | 'in-use' | undefined;
}

/** What a decision about a Mac may look at besides. */
export interface MacContext {
  readonly policy: OfferPolicy;
  /** Of the boot listener, for what Apple's own systems load over HTTP. */
  readonly httpPort: number;
  /** What GRUB would be told on this machine now; undefined: the configuration does not name it. */
  decide(mac: Mac, machine: Machine | undefined): BootDecision;
  record(mac: Mac): MacRecord | undefined;
  /** A GRUB image that the Mac has loaded, without GRUB having been heard since. */
  loaded(mac: Mac): string | undefined;
}

/** Where a request came in. */
export interface Reception {
  readonly interface: string;
  readonly source: { readonly address: Ipv4; readonly port: number };
  /** The port that it was sent to. */
  readonly port: 67 | 4011;
}

/** A request with all that was found out about it, handed to the part that answers its kind. */
export interface Case {
  readonly request: DhcpRequest;
  readonly reception: Reception;
  readonly network: Network;
  readonly machine: Machine | undefined;
  readonly client: BootClient;
  readonly context: DhcpContext;
  readonly subject: Subject;
}

export function ignore(reason: string, ...told: Told[]): Verdict {
  return { kind: 'ignore', reason, told };
}
