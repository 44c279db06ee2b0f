import type { Settings } from '../config/settings.ts';
import { probeSsh } from '../io/ssh-probe.ts';
import { judgeContact } from '../machine/judge-contact.ts';
import type { Life } from '../machine/life.ts';
import { formatIpv4 } from '../net/ipv4.ts';
import type { Base } from './base.ts';
import type { Serving } from './serving.ts';

const TRY_EVERY_MS = 5_000;
const TRY_MS = 4_000;

/** Looks for the systems of machines whose installer has reported, until each answers or its time is over. */
export function openFirstContact(base: Base, serving: Serving): { close(): void } {
  const running = new Set<string>();
  const timer = setInterval(() => {
    for (const life of base.lives.all()) {
      if (life.operation?.stage !== 'first-contact' || running.has(life.machine)) continue;
      running.add(life.machine);
      void tryContact(base, serving, life).finally(() => running.delete(life.machine));
    }
  }, TRY_EVERY_MS);
  return { close: () => clearInterval(timer) };
}

/** Where the installed system is to be found: at its static address, else where it asked for a lease. */
function addressOf(settings: Settings, book: Base['book'], life: Life): string | undefined {
  const machine = settings.machines.get(life.machine);
  if (machine?.addressing === 'static' && machine.address !== undefined) return formatIpv4(machine.address);
  const macs = machine?.macs ?? [];
  const leases = settings.networks.flatMap((network) => macs.map((mac) => book.leaseOf(network.name, mac)));
  const lease = leases.find((one) => one?.state === 'bound');
  return lease ? formatIpv4(lease.address) : life.operation?.grant.answeredTo;
}

async function tryContact({ lives, book }: Base, serving: Serving, life: Life): Promise<void> {
  const { settings } = serving.state();
  const address = addressOf(settings, book, life);
  if (address === undefined) return;
  const answer = await probeSsh(address, { timeoutMs: TRY_MS });
  const judgement = judgeContact(life.operation?.contact ?? { hostKeys: [] }, address, answer);
  const { saved } =
    judgement.kind === 'made'
      ? lives.step(life.machine, { ...judgement, kind: 'contacted' })
      : lives.step(life.machine, { ...judgement, kind: 'contact-missed' });
  // The store tells by itself when it cannot write; the next try comes soon.
  await saved.catch(() => undefined);
}
