import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { MacOrder } from '../../src/lab/mac/order.ts';
import { phrase } from '../../src/lab/mac/phrase.ts';
import { type MacRun, startMac } from '../../src/lab/mac/run-mac.ts';
import type { Told } from '../../src/lab/mac/told.ts';
import type { Rack, RackClient } from '../../src/lab/rack.ts';
import { type Mac, mac } from '../../src/net/mac.ts';

export const MAC = mac('a8:20:66:34:ff:e9');

/** A Mac's place on a test's rack: a namespace whose card has the Mac's address. */
export function placeMac(rack: Rack, name = 'mac', hardware: Mac = MAC): Promise<RackClient> {
  return rack.addClient(name, { mac: hardware });
}

type Order = Partial<MacOrder> & { readonly saveTo?: string };

/** Switches a Mac on; it is off at the latest when the test ends. */
export function switchOn(t: TestContext, client: RackClient, { saveTo, ...order }: Order = {}): MacRun {
  const whole: MacOrder = { mac: MAC, model: 'Macmini6,2', way: 'firmware', version: 0x0101, ...order };
  const run = startMac(client, { order: whole, saveTo });
  t.after(() => run.stop());
  t.after(() => {
    for (const line of run.told.flatMap(phrase)) t.diagnostic(line);
  });
  return run;
}

/** The steps of one kind. */
export function toldOf<Kind extends Told['kind']>(run: MacRun, kind: Kind): readonly Extract<Told, { kind: Kind }>[] {
  return run.told.filter((told): told is Extract<Told, { kind: Kind }> => told.kind === kind);
}

/** The reasons of all answers that the Mac had no use for. */
export function ignoredBy(run: MacRun): readonly string[] {
  return toldOf(run, 'ignores').map(({ reason }) => reason);
}

/** Waits for the end, which must be of this kind. */
export async function endsAs(run: MacRun, kind: Awaited<MacRun['outcome']>['kind']): Promise<void> {
  const outcome = await run.outcome;
  assert.equal(outcome.kind, kind, [...run.told.flatMap(phrase), JSON.stringify(outcome)].join('\n'));
}

/** Resolves when so many servers have offered images; the Mac waits for others at least two seconds after the first one. */
export async function listedBy(run: MacRun, count: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (toldOf(run, 'listed').length < count) {
    assert.ok(Date.now() < deadline, `${toldOf(run, 'listed').length} of ${count} servers offered images`);
    await setTimeout(20);
  }
}
