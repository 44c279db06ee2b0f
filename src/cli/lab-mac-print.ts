import type { MacOrder } from '../lab/mac/order.ts';
import { outcomeText, phrase } from '../lab/mac/phrase.ts';
import type { Outcome, Told } from '../lab/mac/told.ts';
import { viewOf } from '../lab/mac/view.ts';
import type { ServerEvent } from '../lab/milestones.ts';

/** What `rackready lab mac` shows of a run. */
export interface MacReport {
  /** A line of its own, about the lab and not about the Mac. */
  note(text: string): void;
  take(told: Told): void;
  takeEvent(event: ServerEvent): void;
  end(outcome: Outcome): void;
  fail(error: { readonly code: string; readonly message: string; readonly hint: string }): void;
}

/** Lines as it happens, or one JSON object at the end. Failures go to standard error, with JSON to standard output. */
export function createMacReport(isJson: boolean): MacReport {
  let powerOn: number | undefined;
  const seconds = () => {
    powerOn ??= Date.now();
    return (Date.now() - powerOn) / 1000;
  };
  return isJson ? jsonReport(seconds) : textReport(seconds);
}

/** Since the Mac was switched on. */
type Seconds = () => number;

function textReport(seconds: Seconds): MacReport {
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const line = (who: string, lines: readonly string[]) => {
    const time = seconds().toFixed(1).padStart(6);
    for (const [index, text] of lines.entries())
      say(`${index === 0 ? time : '      '}  ${index === 0 ? who.padEnd(6) : '      '}  ${text}`);
  };
  return {
    note: (text) => say(`lab: ${text}`),
    take: (told) => line('Mac', phrase(told)),
    takeEvent: ({ text }) => line('server', [text]),
    end: (outcome) => say(`\nThe Mac ${outcomeText(outcome)}.`),
    fail: ({ message, hint }) => void process.stderr.write(`lab: ${message}. ${hint}\n`),
  };
}

function jsonReport(seconds: Seconds): MacReport {
  const steps: unknown[] = [];
  const server: unknown[] = [];
  const notes: string[] = [];
  const print = (value: unknown) => void process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
  return {
    note: (text) => void notes.push(text),
    take: (told) => void steps.push({ seconds: seconds(), ...(viewOf(told) as object), text: phrase(told).join('\n') }),
    takeEvent: (event) => void server.push({ seconds: seconds(), ...event }),
    end: (outcome) =>
      print({ outcome: viewOf(outcome), text: `The Mac ${outcomeText(outcome)}.`, steps, server, notes }),
    fail: (error) => print({ error }),
  };
}

/** "a Macmini6,2 (a8:20:66:34:ff:e9), N key held" */
export function describeOrder({ model, mac, way }: MacOrder): string {
  const ways = {
    firmware: 'switched on with the N key held',
    menu: 'switched on with the Option key held',
    'startup-disk': 'running macOS, where an image is chosen in Startup Disk',
    bless: 'started as the bless tool has set it',
  };
  return `a ${model} (${mac}), ${ways[way]}`;
}
