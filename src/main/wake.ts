import { setTimeout as pause } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import type { WakeResult } from '../http/api/ports.ts';
import { sendWake, type WakeSent } from '../io/power/send-wake.ts';
import type { Machine } from '../machine/machine.ts';
import { formatIpv4, type Ipv4 } from '../net/ipv4.ts';
import type { Mac } from '../net/mac.ts';
import { subnetContains } from '../net/subnet.ts';
import { encodeMagicPacket } from '../power/magic-packet.ts';
import { planWake, type WakeTarget } from '../power/plan-wake.ts';
import type { Base } from './base.ts';

/** A rack that starts in one second draws its inrush at once, and loads at once (docs/decisions/0011). */
const APART_MS = 1_000;
const GONE = {
  kind: 'refused',
  reason: 'the configuration names it no longer',
  next: 'Look what was changed in the configuration meanwhile.',
} as const;
/** Whoever would wait longer than this is told to ask again. */
const MOST_WAIT_MS = 60_000;
const BUSY = { reason: 'a minute’s worth of machines wait to be woken, one a second', next: 'Ask again in a minute.' };

export interface WakeParts {
  readonly base: Pick<Base, 'store' | 'book' | 'emit' | 'monotonic'>;
  readonly settings: () => Settings;
  /** The card that answers for an address on an interface, where one does. */
  readonly whoHas: (interfaceName: string, address: Ipv4) => Promise<Mac | undefined>;
  readonly send?: typeof sendWake;
  readonly sleep?: (ms: number) => Promise<unknown>;
}

/** By the name of a machine in the configuration. */
export type Wake = (name: string) => Promise<Exclude<WakeResult, { readonly kind: 'unknown-machine' }>>;

/** Wakes machines, whoever asks, one a second. */
export function createWake({ base, settings, whoHas, send = sendWake, sleep = unheld }: WakeParts): Wake {
  const turn = createTurns(base.monotonic, sleep);
  const planOf = async (name: string) => {
    const macs = settings().machines.get(name)?.macs ?? [];
    const heardOn = await placesOf(base, macs, settings().networks);
    const { machines, networks, power } = settings();
    const machine = machines.get(name);
    if (machine === undefined) return GONE;
    return { ...planWake({ machine, networks, heardOn }), machine, networks, password: power.get(name)?.password };
  };
  return async (name) => {
    const refuse = ({ reason, next }: { readonly reason: string; readonly next: string }) => {
      base.emit('power.wake.refused', { machine: name }, { reason, next });
      return { kind: 'refused', reason, next } as const;
    };
    const first = await planOf(name);
    if (first.kind === 'refused') return refuse(first);
    if (!(await turn())) return refuse(BUSY);
    // The configuration may be another one by now: what it forbids is not sent.
    const plan = await planOf(name);
    if (plan.kind === 'refused') return refuse(plan);
    const { machine, networks, password } = plan;
    // A machine that is off does not answer sooner than it starts.
    const asking = answering({ whoHas, book: base.book }, machine, networks, plan.targets);
    const done = await Promise.all(
      plan.targets.map(async (target) => ({ ...target, ...(await sendOne(send, target, password)) })),
    );
    const answers = await asking;
    for (const one of done) tell(base, name, one, answers);
    const sent = done.flatMap((one) => (one.kind === 'sent' ? [one] : []));
    const failed = done.flatMap((one) => (one.kind === 'failed' ? [{ network: one.network, reason: one.reason }] : []));
    const [why] = failed;
    if (sent.length === 0 && why) return { kind: 'failed', reason: `network ${why.network}: ${why.reason}` };
    return { kind: 'sent', sent, answers, skipped: [...plan.skipped, ...failed] };
  };
}

/** Does not keep a server alive that is to stop. */
function unheld(ms: number): Promise<unknown> {
  return pause(ms, undefined, { ref: false });
}

/** Resolves when it is one's turn; false: too many are before. `now`: of a clock that nobody sets. */
function createTurns(now: () => number, sleep: (ms: number) => Promise<unknown>): () => Promise<boolean> {
  let free = 0;
  return async () => {
    const wait = Math.max(0, free - now());
    if (wait > MOST_WAIT_MS) return false;
    free = now() + wait + APART_MS;
    if (wait > 0) await sleep(wait);
    return true;
  };
}

/** Where the cards have or had leases, and where each was heard last. What cannot be read is not known. */
async function placesOf({ store, book }: WakeParts['base'], macs: readonly Mac[], networks: Settings['networks']) {
  const leased = networks.flatMap(({ name }) => (macs.some((mac) => book.leaseOf(name, mac)) ? [name] : []));
  const heard = macs.map(async (mac) => {
    const ids = ['dhcp.discover', 'dhcp.would-answer'] as const;
    const lists = await Promise.all(ids.map((id) => store.events.list({ mac, id, limit: 1 }).catch(() => [])));
    const newest = lists.flat().toSorted((one, other) => other.seq - one.seq);
    return newest[0]?.network ?? [];
  });
  return [...leased, ...(await Promise.all(heard)).flat()];
}

/** Where one of the machine's cards answers now, of the addresses that it has on our own interfaces. */
async function answering(
  { whoHas, book }: Pick<WakeParts, 'whoHas'> & Pick<Base, 'book'>,
  { macs, address }: Machine,
  networks: Settings['networks'],
  targets: readonly WakeTarget[],
): Promise<Ipv4 | undefined> {
  const questions = networks.flatMap(({ name, interface: interfaceName, subnet }) => {
    if (interfaceName === undefined || !targets.some(({ network }) => network === name)) return [];
    const leased = macs.flatMap((mac) => book.leaseOf(name, mac)?.address ?? []);
    const own = address !== undefined && subnetContains(subnet, address) ? [address] : [];
    return [...new Set([...own, ...leased])].map(async (asked) => {
      const mac = await whoHas(interfaceName, asked);
      return mac !== undefined && macs.includes(mac) ? asked : undefined;
    });
  });
  return (await Promise.all(questions)).find((found) => found !== undefined);
}

async function sendOne(send: typeof sendWake, target: WakeTarget, password: Uint8Array | undefined): Promise<WakeSent> {
  try {
    return await send({ ...target, payload: encodeMagicPacket(target.mac, password) });
  } catch (error) {
    // What the system says has a code; anything else is a mistake of ours.
    if (!(error instanceof Error && 'code' in error)) throw error;
    return { kind: 'failed', reason: error.message };
  }
}

function tell(
  { emit }: WakeParts['base'],
  machine: string,
  one: WakeTarget & WakeSent,
  answers: Ipv4 | undefined,
): void {
  const { mac, network, interface: name, to } = one;
  const subject = { mac, machine, network };
  const by = name === undefined ? {} : { interface: name };
  const isOn = answers === undefined ? {} : { answers: formatIpv4(answers) };
  if (one.kind === 'failed') emit('power.wake.failed', subject, { reason: one.reason });
  else emit('power.wake.sent', subject, { ...by, to: formatIpv4(to), packets: one.packets, ...isOn });
}
