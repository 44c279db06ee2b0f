import { formatBytes } from '../../net/amounts.ts';
import { type Diagnosis, type Stage, type Story, stageNames, type Transfer } from '../../story/story.ts';
import { formatDuration, withoutControls } from '../print.ts';
import { formatClock, formatRate, formatTimeOfDay, fractionOf } from './amounts.ts';
import { bar } from './bars.ts';
import { type Colour, cut, fit, type Look, paint, sign, spread, wrap } from './look.ts';
import { isOverdue } from './rack.ts';

export interface OneView {
  readonly story: Story;
  /** By the server's clock, ms since 1970. */
  readonly now: number;
  /** Every transfer that is kept, and the machine's own words. */
  readonly isFull: boolean;
}

const BAR = 16;
/** Another server answers it. */
const OBSERVED = 'only observed';
const TRANSFERS_SHOWN = 3;

/** One boot: its stages with what they loaded, where it stands, what comes next, and the likely cause where it hangs. */
export function storyLines({ story, now, isFull }: OneView, look: Look): string[] {
  const lines = head(story, now, look);
  lines.push('', ...wokenLines(story, now, look));
  for (const name of stageNames) {
    const stage = story.stages.find((one) => one.name === name);
    if (stage === undefined) lines.push(paint(look, 'dim', `${sign(look, 'waiting')} ${name}`));
    else lines.push(...stageLines(stage, { story, now, isFull }, look));
  }
  lines.push('', ...standing(story, now, look));
  for (const diagnosis of story.diagnoses) lines.push('', ...diagnosisLines(diagnosis, look));
  return lines;
}

function head(story: Story, now: number, look: Look): string[] {
  const dot = ` ${sign(look, 'dot')} `;
  const who = [story.machine, story.address, story.mac].filter((part) => part !== undefined);
  const [name = '', ...places] = who;
  const [left, right] = spread(look, [name, ...places].join('  '), formatTimeOfDay(story.startedAt));
  const what = [story.firmware, story.decision === undefined ? undefined : `told: ${story.decision}`, story.network];
  const heard = story.isObserved === true ? [OBSERVED] : [];
  const said = withoutControls([...heard, ...what.filter((part) => part !== undefined)].join(dot));
  const took = formatDuration(((story.endedAt ?? now) - story.startedAt) / 1000);
  const [second, duration] = spread(look, said, took);
  return [paint(look, 'bold', left) + paint(look, 'dim', right), second + duration];
}

const MARKS: Readonly<Record<Stage['state'], Colour>> = { done: 'green', running: 'cyan', failed: 'red' };

/** What goes before the first stage: the time until its firmware asks is what its self-test takes. */
function wokenLines({ wokenAt, startedAt, stages, endedAt }: Story, now: number, look: Look): string[] {
  if (wokenAt === undefined) return [];
  const state = stages.length > 0 ? 'done' : endedAt === undefined ? 'running' : 'failed';
  const until = stages.length > 0 ? startedAt : (endedAt ?? now);
  const mark = paint(look, MARKS[state], sign(look, state));
  return [`${mark} ${'woken'.padEnd(10)} ${formatTimeOfDay(wokenAt)}${formatClock(until - wokenAt).padStart(8)}`];
}

function stageLines(stage: Stage, { now, isFull }: OneView, look: Look): string[] {
  const { name, state, startedAt, endedAt, bytes, transferCount } = stage;
  const took = formatClock((endedAt ?? now) - startedAt).padStart(8);
  const loaded =
    bytes === 0
      ? ''
      : `${formatBytes(bytes).padStart(10)} in ${transferCount} ${transferCount === 1 ? 'file' : 'files'}`;
  const mark = paint(look, MARKS[state], sign(look, state));
  const lines = [`${mark} ${name.padEnd(10)} ${formatTimeOfDay(startedAt)}${took}${loaded}`.trimEnd()];
  const shown = isFull ? stage.transfers : worthShowing(stage);
  for (const transfer of shown) lines.push(transferLine(transfer, now, look));
  if (isFull) for (const [word, value] of Object.entries(stage.words)) lines.push(...wordLines(word, value, look));
  return lines;
}

/** Of a running stage the last few; of the others what went wrong. */
function worthShowing({ state, transfers }: Stage): readonly Transfer[] {
  if (state === 'running') return transfers.slice(-TRANSFERS_SHOWN);
  return transfers.filter((one) => one.state !== 'done').slice(-TRANSFERS_SHOWN);
}

function transferLine(transfer: Transfer, now: number, look: Look): string {
  const { file, state, bytes, ofBytes } = transfer;
  const fraction = fractionOf(transfer);
  const size = formatBytes(ofBytes ?? bytes).padStart(9);
  const rate = (formatRate(transfer, now) ?? '').padStart(11);
  const isWell = state === 'done' || state === 'running';
  const colour: Colour | undefined = isWell ? (state === 'done' ? 'green' : 'cyan') : 'red';
  const tail = state === 'running' ? (fraction === undefined ? '' : `${Math.floor(fraction * 100)} %`) : state;
  const room = look.width - 4 - 9 - 11 - 2 - BAR - 1 - 9;
  const name = fit(look, withoutControls(tailOf(file, room)), room);
  return `    ${name}${size}${rate}  ${bar(look, BAR, fraction ?? 0, colour)} ${paint(look, isWell ? undefined : 'red', tail)}`.trimEnd();
}

/** Of a long path its end says more. */
function tailOf(file: string, columns: number): string {
  return file.length <= columns ? file : `..${file.slice(file.length - columns + 2)}`;
}

const WORDS: Readonly<Record<string, string>> = {
  client: 'client',
  via: 'heard by',
  arch: 'architecture',
  vendorClass: 'vendor class',
  userClass: 'user class',
  uuid: 'UUID',
  nic: 'card',
  loads: 'loads by',
  relay: 'relay',
  bootFile: 'boot file',
  address: 'address',
  clientId: 'client id',
  userAgent: 'user agent',
  loader: 'loader',
  image: 'image',
  model: 'model',
  disk: 'disk',
  log: 'log',
};

function wordLines(word: string, value: string, look: Look): string[] {
  const line = `      ${(WORDS[word] ?? word).padEnd(13)} ${withoutControls(value)}`;
  return [paint(look, 'dim', cut(look, line, look.width))];
}

function standing(story: Story, now: number, look: Look): string[] {
  const lines = paragraph(
    'now',
    story.standing,
    look,
    story.outcome === 'failed' || story.outcome === 'held' ? 'red' : undefined,
  );
  const { next } = story;
  if (next === undefined) return lines;
  const isLate = isOverdue(story, now);
  const when = formatDuration(Math.abs(next.expectedBy - now) / 1000);
  const text = isLate ? `${next.what}: late by ${when}` : `${next.what}, within ${when}`;
  return [...lines, ...paragraph('next', text, look, isLate ? 'yellow' : undefined)];
}

function paragraph(label: string, text: string, look: Look, colour?: Colour): string[] {
  const indent = 6;
  return wrap(withoutControls(text), look.width - indent).map(
    (line, index) => paint(look, 'dim', (index === 0 ? label : '').padEnd(indent)) + paint(look, colour, line),
  );
}

function diagnosisLines({ cause, remedy, applied, confidence, rule, section }: Diagnosis, look: Look): string[] {
  const title = `${sign(look, 'warning')} likely cause, ${Math.round(confidence * 100)} % sure (${rule})`;
  return [
    paint(look, 'yellow', cut(look, title, look.width)),
    ...paragraph('', cause, look),
    ...paragraph('do', remedy, look, 'bold'),
    ...(applied === undefined ? [] : paragraph('did', applied, look)),
    ...paragraph('more', section, look, 'dim'),
  ];
}
