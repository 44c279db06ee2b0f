/**
 * tools/run.sh tools/capture-trouble.ts [NAME …]
 * tools/run.sh tools/capture-trouble.ts --index    writes docs/records/failures.md, the list of all fixtures
 *
 * Provokes failures of network boots for real, on a virtual rack in namespaces of its own, with real firmware, loaders,
 * installers and DHCP servers, and writes what passed the server's card into test/fixtures: the traffic that the rules of
 * src/story/diagnose are tested with. Without a name: lists the scenes. A fixture of the same name is replaced.
 *
 * What is written: DHCP as it was but for our own answers (the replay makes them), TFTP without the blocks themselves and
 * with runs of acknowledgements counted (`acked`), the lines of HTTP requests with the status of the answer, tokens
 * taken out. Of each run it prints what the rules say of the events that the server told there, and fails where that is not
 * what the scene expects: the fixture is written all the same, to look into.
 *
 * Needs what the end-to-end tests need. QEMU emulates the processor: 20 s for a firmware, some minutes for an installer.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import type { RecordedEvent } from '../src/event/event.ts';
import { isEnclosed, probeEnclosure, runEnclosed } from '../src/lab/enclose.ts';
import type { ServerEvent } from '../src/lab/milestones.ts';
import { mac } from '../src/net/mac.ts';
import { createStoryBook } from '../src/story/book.ts';
import { diagnose } from '../src/story/diagnose/diagnose.ts';
import type { Diagnosis } from '../src/story/story.ts';
import type { Capture, HttpLine } from '../test/support/capture.ts';
import { readFixtures } from './capture/read-fixtures.ts';
import { renderIndex } from './capture/render-index.ts';
import type { Fixture, Scene } from './capture/scene.ts';
import { scenes } from './capture/scenes.ts';
import { type Recording, record, SM1, versionOf } from './capture/stage.ts';
import { holdsIn, putFixture, since, startOf, toTraffic } from './capture/to-fixture.ts';

const root = resolve(import.meta.dirname, '..');
const FIXTURES = join(root, 'test', 'fixtures', 'trouble-captures.json');
const INDEX = join(root, 'docs', 'records', 'failures.md');
/** Downloads that take longer than so many seconds are long in the replay, too. */
const LONG_S = 5;
/** The recording is over before the download is. */
const UNSEEN_S = 3_600;
/** Everything that was told, for somebody who looks into a run that went otherwise. */
const LOG = join(root, 'node_modules', '.cache', 'captures');

async function main(): Promise<number> {
  const names = process.argv.slice(2);
  if (names.includes('--index')) {
    writeFileSync(INDEX, renderIndex(readFixtures()));
    return 0;
  }
  const wanted = names.map((name) => {
    const scene = scenes.find((one) => one.name === name);
    if (scene === undefined) throw new Error(`there is no scene ${name}`);
    return scene;
  });
  if (names.length === 0) {
    for (const { name, case: number, what } of scenes) console.log(`${String(number).padStart(3)}  ${name}: ${what}`);
    return 0;
  }
  if (isEnclosed()) {
    for (const scene of wanted) test(scene.name, (t) => capture(t, scene));
    return 0;
  }
  const enclosure = probeEnclosure();
  if (enclosure.kind === 'impossible') throw new Error(enclosure.reason);
  // A rack each: what one leaves behind is not there for the next.
  let failed = 0;
  for (const { name } of wanted) failed += await runEnclosed(enclosure, [process.execPath, import.meta.filename, name]);
  return failed === 0 ? 0 : 1;
}

async function capture(t: Parameters<typeof record>[0], scene: Scene): Promise<void> {
  const recording = await record(t, scene.setting ?? {}, (stage) => scene.play(stage));
  mkdirSync(LOG, { recursive: true });
  const told = recording.events.map((event) => JSON.stringify(event)).join('\n');
  writeFileSync(join(LOG, `${scene.name}.jsonl`), `${told}\n`);
  if (recording.failure !== undefined) {
    writeFileSync(join(LOG, `${scene.name}.json`), JSON.stringify(fixtureOf(scene, scene, recording)));
    throw recording.failure;
  }
  const wrong: string[] = [];
  for (const one of [scene, ...(scene.parts ?? [])]) {
    const shown = 'before' in one ? upTo(recording, one.before(recording.events)) : recording;
    const said = saidLive(one, shown);
    console.log(`${one.name}: live: ${said.map(({ rule, cause }) => `${rule}: ${cause}`).join('; ') || 'nothing'}`);
    if (said.map(({ rule }) => rule).join() !== one.expect.join()) wrong.push(one.name);
    const fixture = fixtureOf(one, scene, shown);
    writeFileSync(join(LOG, `${one.name}.json`), JSON.stringify(fixture));
    putFixture(FIXTURES, fixture);
  }
  if (wrong.length > 0) throw new Error(`live it was something else: ${wrong.join(', ')}`);
}

function upTo({ seen, events }: Recording, end: ServerEvent | undefined): Recording {
  const time = end?.time ?? 0;
  // What a packet does is told a moment after it.
  return { seen: seen.filter((one) => one.time * 1000 < time - 100), events: events.filter((one) => one.time < time) };
}

/** By the same way as in a server. */
function saidLive({ until, owner = SM1 }: Fixture, { events }: Recording): readonly Diagnosis[] {
  const book = createStoryBook();
  for (const [index, event] of events.entries())
    book.take({ seq: index + 1, ...event, data: event.data ?? {} } as RecordedEvent);
  const trace = book.trace(mac(owner), (events.at(-1)?.time ?? 0) + until * 1000);
  return trace === undefined ? [] : diagnose(trace);
}

function fixtureOf(told: Fixture, scene: Scene, { seen, events }: Recording): Capture {
  const { name, case: number, what, how, expect, passing, until, applied, owner } = told;
  const holds = holdsIn(seen);
  const conditions = { ...scene.conditions, ...(scene.conditions?.mode === 'proxy' && { holds }) };
  const { dhcp, tftp, http } = toTraffic(seen);
  const start = startOf(seen);
  const lines = http.map((line) => withEnd(line, start, events));
  const last = told.lastAttempt?.(events);
  const attemptFrom = last === undefined ? told.attemptFrom : since(last.time / 1000, start);
  const taken = events.filter(({ id }) => id === 'install.cancelled');
  const also = [
    ...(told.isGranted ? [{ t: -1, do: 'grant' as const }] : []),
    ...taken.map(({ time }) => ({ t: since(time / 1000, start), do: 'cancel' as const })),
    ...(told.also ?? []),
  ];
  const fixture = {
    name,
    case: number,
    what,
    from: `captured: ${how} (${told.with.map(versionOf).join(', ')})`,
    expect,
    passing,
    until,
    applied,
    owner,
    attemptFrom,
    hasAcks: tftp.length > 0 ? true : undefined,
    conditions: Object.keys(conditions).length > 0 ? conditions : undefined,
    ...(also.length > 0 && { also }),
    ...(dhcp.length > 0 && { dhcp }),
    ...(tftp.length > 0 && { tftp }),
    ...(lines.length > 0 && { http: lines }),
  };
  return fixture as unknown as Capture;
}

/** How the server saw a download end: after some bytes, or some time. */
function withEnd(line: HttpLine, start: number, events: readonly ServerEvent[]): HttpLine {
  const asked = (start + Number(line.t)) * 1000;
  const told = events.filter(
    ({ time, data }) => line.method === 'GET' && data?.path === line.uri && time >= asked - 100,
  );
  const end = told.find(({ id }) => id === 'http.aborted' || id === 'http.done');
  if (end === undefined) return told.some(({ id }) => id === 'http.start') ? { ...line, took: UNSEEN_S } : line;
  if (end.id === 'http.aborted') return { ...line, sent: Number(end.data?.bytes) };
  const seconds = Number(end.data?.ms) / 1000;
  return seconds < LONG_S ? line : { ...line, took: seconds };
}

process.exitCode = await main();
