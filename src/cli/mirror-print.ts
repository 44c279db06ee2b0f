import type { HeldJson, MirrorJson, ProgressJson } from '../http/api/mirror-json.ts';
import { formatAmount } from '../mirror/run/amounts.ts';
import { syncCommand } from '../mirror/run/next-step.ts';
import type { Finding } from '../mirror/run/verify.ts';
import { formatBytes } from '../net/amounts.ts';
import { formatDuration, formatTable, formatTime, formatWhen } from './print.ts';

/** A mirror for people, with what to do next. `damage`: what is to be said of damaged files. */
export function describeMirror(mirror: MirrorJson, now: number, damage: readonly string[]): string {
  const current = mirror.snapshots.find(({ isCurrent }) => isCurrent);
  const { lastRun, name } = mirror;
  const lines: (readonly [string, string])[] = [
    ['mirror', `${name} (${mirror.kind}, ${mirror.mode}${mirror.isFrozen ? ', frozen by hand' : ''})`],
    ['from', mirror.from.join(', ')],
    ['signatures', describeTrust(mirror)],
    ['serves', current ? describeServed(mirror, current) : 'nothing yet'],
    ['last run', lastRun ? `${lastRun.result}, ${formatWhen(lastRun.endedAt, now)}: ${lastRun.reason}` : 'never'],
    ...(lastRun?.next && !mirror.progress ? [['what to do', lastRun.next] as const] : []),
    ['last good', mirror.lastSuccessAt === null ? 'never' : formatWhen(mirror.lastSuccessAt, now)],
    ['next run', nextRun(mirror, now)],
  ];
  if (mirror.progress) lines.push(['now', describeProgress(mirror.progress)]);
  for (const reason of mirror.heldReasons) lines.push(['held', reason]);
  if (mirror.held) lines.push(...describeHeld(mirror.held));
  if (current && current.unverified > 0) {
    lines.push(['unverified', `${current.unverified} files that no metadata vouch for`]);
  }
  for (const remark of current?.remarks ?? []) lines.push(['note', remark]);
  for (const line of damage) lines.push(['damage', line]);
  const width = Math.max(...lines.map(([word]) => word.length));
  const text = lines.map(([word, rest]) => `${word.padEnd(width)}  ${rest}`).join('\n');
  return `${text}${nextStep(mirror)}`;
}

function describeHeld(held: HeldJson): (readonly [string, string])[] {
  const some = (paths: readonly string[], count: number | null) =>
    count === null || count === 0
      ? undefined
      : `${paths.join(', ')}${count > paths.length ? ` and ${count - paths.length} more` : ''}`;
  const lines = [
    ['would be', `${held.id}: ${held.summary}`],
    ['removed', some(held.removedExamples, held.removed)],
    ['added', some(held.addedExamples, held.added)],
  ] as const;
  return lines.flatMap(([word, rest]) => (rest === undefined ? [] : [[word, rest] as const]));
}

function describeServed({ mode }: MirrorJson, { id, files, bytes }: MirrorJson['snapshots'][number]): string {
  const isOnDemand = mode === 'cache' || mode === 'sparse';
  return `${id}: ${formatAmount(files, bytes)}${isOnDemand ? '; a package is on this disk once it was asked for' : ''}`;
}

function describeTrust({ trust, packages }: MirrorJson): string {
  const each = packages === 'signed' ? ', and of each package' : '';
  return trust === 'none' && each === '' ? 'not looked at: name the keys in the configuration' : `${trust}${each}`;
}

function nextRun(mirror: MirrorJson, now: number): string {
  // Only its first run is to be had then.
  if (mirror.mode === 'frozen' && mirror.current !== null) return 'never (mode: frozen)';
  if (mirror.isFrozen)
    return `never: let it follow its upstream again with: rackready mirror freeze ${mirror.name} --off`;
  if (mirror.mode === 'frozen') return 'never (mode: frozen)';
  return mirror.nextRunAt === null ? 'by command: it has no schedule' : formatWhen(mirror.nextRunAt, now);
}

function nextStep(mirror: MirrorJson): string {
  const { name, lastRun, isFrozen } = mirror;
  const served = mirror.current === null ? 'Nothing is served yet.' : 'The old state is served.';
  if (mirror.held)
    return `\n\n${served} Publish ${mirror.current === null ? 'it' : 'the new one'} all the same with: rackready mirror approve ${name} ${mirror.held.id}`;
  if (mirror.state === 'held' && !mirror.progress)
    return `\n\n${served} When what is the matter is mended: ${syncCommand(name, isFrozen)}`;
  if (mirror.state === 'empty' && !mirror.progress) return `\n\nFill it with: ${syncCommand(name, isFrozen)}`;
  if (mirror.progress || mirror.state === 'empty' || mirror.mode === 'frozen') return '';
  if (lastRun?.result === 'stopped') return `\n\nThe old state is served. Go on with: ${syncCommand(name, isFrozen)}`;
  if (lastRun?.result === 'failed')
    return `\n\nThe old state is served. When what the last run met is mended: ${syncCommand(name, isFrozen)}`;
  return '';
}

export function describeSnapshots(mirror: MirrorJson, now: number): string {
  if (mirror.snapshots.length === 0 && mirror.progress)
    return `no snapshots yet; the first is being made: rackready mirror status ${mirror.name}`;
  if (mirror.snapshots.length === 0)
    return `no snapshots; fill the mirror with: ${syncCommand(mirror.name, mirror.isFrozen)}`;
  const rows = mirror.snapshots.map((one) => [
    one.id,
    one.isCurrent ? 'served' : '-',
    one.tags.join(', ') || '-',
    String(one.files),
    formatBytes(one.bytes),
    `${formatTime(one.at)} (${formatWhen(one.at, now)})`,
  ]);
  return formatTable(['SNAPSHOT', 'SERVED', 'TAGS', 'FILES', 'SIZE', 'MADE'], rows);
}

/** What `verify` found, a line each. */
export function formatFindings(findings: readonly Finding[]): string {
  return formatTable(
    ['FILE', 'WHAT', 'STATES', 'WHAT TO DO'],
    findings.map(({ path, problem, states, next }) => [path, problem, states.join(', '), next]),
  );
}

/** "fetching 120/300 files, 1.2 GB of 3.4 GB, 110 MB/s, 20 s left". */
export function describeProgress(progress: ProgressJson): string {
  const { phase, filesDone, filesTotal, bytesDone, bytesTotal, bytesPerSecond, secondsLeft } = progress;
  if (!['fetching', 'packing', 'reading', 'copying'].includes(phase) || bytesTotal === 0)
    return bytesDone > 0 ? `${phase}, ${formatBytes(bytesDone)}` : phase;
  const left = secondsLeft === null ? '' : `, ${formatDuration(secondsLeft)} left`;
  return `${phase} ${filesDone}/${filesTotal} files, ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}, ${formatBytes(bytesPerSecond)}/s${left}`;
}

const BAR = 24;

/** One line of a terminal, with a bar. */
export function drawProgress(progress: ProgressJson, columns: number): string {
  const { bytesDone, bytesTotal } = progress;
  const part = bytesTotal === 0 ? 0 : Math.min(1, bytesDone / bytesTotal);
  const full = Math.round(part * BAR);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}] ${describeProgress(progress)}`.slice(0, columns);
}
