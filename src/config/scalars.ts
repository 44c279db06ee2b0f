import { z } from 'zod';
import type { Bandwidth } from '../mirror/mirror-config.ts';
import { type Ipv4, parseIpv4 } from '../net/ipv4.ts';
import { parseMac } from '../net/mac.ts';
import { type AddressRange, parseRange, parseSubnet, type Subnet } from '../net/subnet.ts';
import { parseUuid } from '../net/uuid.ts';
import { cronProblem } from './cron.ts';
import { didYouMean } from './nearest.ts';
import { passwordHashProblem, sshKeyProblem } from './secrets.ts';

type Converted<T> = { readonly value: T } | { readonly problem: string };

/** Text that is converted; `expected` completes "expected …" when something else stands there. */
function converted<T>(expected: string, convert: (text: string) => Converted<T>) {
  return z.string({ error: (issue) => wrongKind(issue.input, expected) }).transform((text, context): T => {
    const result = convert(text);
    if ('value' in result) return result.value;
    context.addIssue({ code: 'custom', message: result.problem });
    return z.NEVER;
  });
}

/** Text that stays as it is after a check. */
function checked(expected: string, problemOf: (text: string) => string | undefined) {
  return converted(expected, (text): Converted<string> => {
    const problem = problemOf(text);
    return problem === undefined ? { value: text } : { problem };
  });
}

function matching(expected: string, form: RegExp) {
  return checked(expected, (text) =>
    form.test(text) ? undefined : `${quoted(text)} does not fit: expected ${expected}`,
  );
}

/** "is missing: expected text", "is a list: expected text". Does not repeat the value: it may be a secret. */
export function wrongKind(input: unknown, expected: string): string {
  return `is ${kindOf(input)}: expected ${expected}`;
}

/** Like wrongKind, for places where no secret can stand: `is "yess": expected …`. `hint` goes before "expected". */
function wrongValue(input: unknown, expected: string, hint = ''): string {
  return typeof input === 'string' ? `is ${quoted(input)}: ${hint}expected ${expected}` : wrongKind(input, expected);
}

function kindOf(input: unknown): string {
  if (input === undefined) return 'missing';
  if (input === null) return 'empty';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object') return 'a map';
  if (typeof input === 'number') return 'a number (text needs quotes)';
  return typeof input === 'boolean' ? `${input} (text needs quotes)` : 'text';
}

/** Quoted for a message, cut off where it gets long, control characters escaped. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}

export const text = (expected: string) => z.string({ error: (issue) => wrongKind(issue.input, expected) });
export const flag = z.boolean({ error: (issue) => wrongValue(issue.input, 'true or false') });

export function wholeNumber(min: number, max: number) {
  const expected = `a whole number of ${min}-${max}`;
  const error = (issue: { readonly input?: unknown }) =>
    typeof issue.input === 'number'
      ? `${issue.input} does not fit: expected ${expected}`
      : wrongValue(issue.input, expected);
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

export function choice<const T extends readonly [string, ...string[]]>(allowed: T) {
  return z.enum(allowed, {
    error: (issue) => {
      const near = typeof issue.input === 'string' ? didYouMean(issue.input, allowed) : '';
      return wrongValue(issue.input, `one of ${allowed.join(', ')}`, near);
    },
  });
}

const addressForm = 'an address like 192.168.1.10';

export const address = converted(addressForm, (input): Converted<Ipv4> => {
  const value = parseIpv4(input);
  return value === undefined ? { problem: `${quoted(input)} is not an address: expected ${addressForm}` } : { value };
});

export const mac = converted('a MAC address in quotes, like "00:25:90:96:c4:9a"', (input) => {
  const value = parseMac(input);
  if (value === undefined) {
    return {
      problem: `${quoted(input)} is not a MAC address of a card: expected six hex octets like "00:25:90:96:c4:9a"`,
    };
  }
  return isGroup(value) ? { problem: `${value} is a group address: expected the address of one card` } : { value };
});

/** The lowest bit of the first octet marks multicast (IEEE 802). */
function isGroup(value: string): boolean {
  return (Number.parseInt(value.slice(0, 2), 16) & 1) === 1;
}

export const uuid = converted('a UUID', (input) => {
  const value = parseUuid(input);
  const expected = 'expected the machine’s own, like 11223344-5566-7788-99aa-bbccddeeff00';
  return value === undefined ? { problem: `${quoted(input)} is not a UUID of one machine: ${expected}` } : { value };
});

export const subnet = converted('a network like 192.168.1.0/24', (input): Converted<Subnet> => {
  const value = parseSubnet(input);
  if ('problem' in value) return { problem: `${quoted(input)} ${joined(value.problem)}` };
  if (value.prefix >= 8 && value.prefix <= 30) return { value };
  return { problem: `a network of /${value.prefix} has no use here: expected /8 to /30` };
});

export const range = converted('a range like 192.168.1.100-192.168.1.199', (input): Converted<AddressRange> => {
  const value = parseRange(input);
  return 'problem' in value ? { problem: `${quoted(input)} ${joined(value.problem)}` } : { value };
});

/** "expected …" needs words before it; "has host bits set" and "ends before it begins" do not. */
function joined(problem: string): string {
  return problem.startsWith('expected') ? `does not fit: ${problem}` : problem;
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const durationForm = 'whole seconds, or a number with s, m, h or d, like 90s, 10m, 6h, 2d';

/** Seconds, 1 to the largest that option 51 can say as a finite time. */
export const duration = z
  .union([z.number(), z.string()], { error: (issue) => wrongKind(issue.input, durationForm) })
  .transform((input, context): number => {
    const match = /^([0-9]{1,10})([smhd]?)$/.exec(String(input));
    const seconds = match ? Number(match[1]) * (unitSeconds[match[2] || 's'] ?? 1) : Number.NaN;
    if (seconds >= 1 && seconds < 0xffffffff) return seconds;
    context.addIssue({
      code: 'custom',
      message: `${quoted(String(input))} is not a duration: expected ${durationForm}`,
    });
    return z.NEVER;
  });

/** The key of a map entry. */
export const entryName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, {
  error: 'is not a name: expected letters, digits, ".", "_" and "-", beginning with a letter or digit, at most 63',
});

export const hostLabel = matching(
  'a host name without dots: letters, digits and "-", not at the ends, at most 63',
  /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/,
);

export function isHostLabel(name: string): boolean {
  return hostLabel.safeParse(name).success;
}

export const domain = matching(
  'a domain like lab.example',
  /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/,
);

export const interfaceName = matching('the name of an interface, as "ip -br link" shows it', /^[^\s/:@]{1,15}$/);
export const locale = matching(
  'a locale like en_US.UTF-8',
  /^([a-z]{2,3}_[A-Z]{2}|C|POSIX)(\.[A-Za-z0-9-]+)?(@[a-z]+)?$/,
);
export const keymap = matching('a keyboard layout like us', /^[a-z][a-z0-9-]{0,30}$/);
export const userName = matching('a user name of small letters, digits, "_" and "-"', /^[a-z_][a-z0-9_-]{0,31}$/);
export const sshKey = checked('one line of a .pub file', sshKeyProblem);
export const passwordHash = checked('a crypt(3) hash', passwordHashProblem);
const secureOnForm = 'six octets in quotes, like a MAC address';
/** The password itself is never repeated. */
export const secureOn = converted(secureOnForm, (input): Converted<Uint8Array> => {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(input)) {
    return { problem: `is not a SecureOn password: expected ${secureOnForm}` };
  }
  return { value: Uint8Array.from(input.split(/[:-]/), (octet) => Number.parseInt(octet, 16)) };
});
export const schedule = checked('five fields as in crontab(5)', cronProblem);
export const scheduleOrOff = checked('five fields as in crontab(5), or off', (text) =>
  text === 'off' ? undefined : cronProblem(text),
);

export const timezone = checked('a time zone like Europe/Berlin', (name) => {
  const isZone = /^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name) && canFormat(name);
  return isZone ? undefined : `${quoted(name)} is not a time zone: expected one like Europe/Berlin or UTC`;
});

function canFormat(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}

/** A URL of one of the schemes, without spaces. */
export function url(...schemes: readonly string[]) {
  const expected = `a URL with ${schemes.map((scheme) => `${scheme}://`).join(', ')}`;
  return checked(expected, (input) => urlProblem(input, schemes, expected));
}

/** What stands where a password may is not repeated. */
function urlProblem(input: string, schemes: readonly string[], expected: string): string | undefined {
  const scheme = /^([a-z]+):\/\/\S+$/.exec(input)?.[1];
  return scheme !== undefined && schemes.includes(scheme) && URL.canParse(input)
    ? undefined
    : `${quoted(input.replace(/(\/\/).*@/s, '$1***@'))} does not fit: expected ${expected}`;
}

const sourceForm = 'mirror:NAME, a URL with http:// or https://, or an absolute folder on this host';
export const source = checked(sourceForm, (input) => {
  if (/^mirror:[A-Za-z0-9][A-Za-z0-9._-]*$/.test(input)) return undefined;
  if (/^(file:\/\/)?\/[^\p{Cc}]{1,4000}$/u.test(input)) return undefined;
  return urlProblem(input, ['http', 'https'], sourceForm);
});

/** A Mac's own limit for the name of an image. */
const MOST_TITLE_BYTES = 246;

export const imageTitle = checked('the name that the Mac shows', (name) => {
  const bytes = new TextEncoder().encode(name).length;
  if (/\p{Cc}/u.test(name) || bytes === 0) return `${quoted(name)} does not fit: expected one line of text`;
  return bytes <= MOST_TITLE_BYTES
    ? undefined
    : `is ${bytes} bytes long in UTF-8: expected at most ${MOST_TITLE_BYTES}`;
});

/** In a list or map on one line, YAML takes the comma of a model for the end of the value. */
const modelForm = 'a model as the Mac says it, in quotes for its comma, like "Macmini6,2"';
export const macModel = matching(modelForm, /^[A-Za-z]+\d+,\d+[^\p{Cc}/\s]{0,40}$/u);

export const rootPath = matching(
  'nfs:ADDRESS:MOUNT:IMAGE or a URL with http://, at most 255 characters',
  /^(?=[\x21-\x7e]{1,255}$)(nfs:|http:\/\/)/,
);

const MOST_NOTES = 10_000;
/** Lines of text for people. */
export const notes = checked('text', (input) => {
  if (input.length > MOST_NOTES) return `is ${input.length} characters long: expected at most ${MOST_NOTES}`;
  const bad = /(?![\n\t])\p{Cc}/u.exec(input);
  return bad === null ? undefined : `has the control character ${quoted(bad[0])}: expected lines of text`;
});

export const filePath = matching('the path of a file', /^[^\p{Cc}]{1,4096}$/u);
export const kernelArguments = matching('one line of kernel arguments', /^[^\p{Cc}]{0,4096}$/u);

/** UDP ports, "first-last". */
export const portRange = converted('ports like 50000-50999', (input) => {
  const match = /^([0-9]{1,5})-([0-9]{1,5})$/.exec(input);
  const first = Number(match?.[1]);
  const last = Number(match?.[2]);
  if (match && first >= 1 && first <= last && last <= 65_535) return { value: { first, last } };
  return { problem: `${quoted(input)} does not fit: expected first-last of 1-65535, like 50000-50999` };
});

/** 8067: the boot ports 80 and 67 in one number that nothing common uses. */
export const DEFAULT_ADMIN_LISTEN: AdminListen = { address: 0x7f000001 as Ipv4, port: 8067 };

export interface AdminListen {
  readonly address: Ipv4;
  readonly port: number;
}

const listenForm = 'address:port like 127.0.0.1:8067, or off';
/** null: off. */
export const adminListen = converted(listenForm, (input): Converted<AdminListen | null> => {
  if (input === 'off') return { value: null };
  const [, host = '', digits = ''] = /^([0-9.]+):([0-9]{1,5})$/.exec(input) ?? [];
  const [address, port] = [parseIpv4(host), Number(digits)];
  if (address !== undefined && port >= 1 && port <= 65_535) return { value: { address, port } };
  return { problem: `${quoted(input)} does not fit: expected ${listenForm}` };
});

export type UnknownMachinesInput =
  | { readonly kind: 'local' | 'ignore' }
  | { readonly kind: 'install'; readonly profile: string };

const unknownForm = 'local, ignore or "install PROFILE"';
export const unknownMachines = converted(unknownForm, (input): Converted<UnknownMachinesInput> => {
  if (input === 'local' || input === 'ignore') return { value: { kind: input } };
  const profile = /^install +(\S+)$/.exec(input)?.[1];
  if (profile !== undefined) return { value: { kind: 'install', profile } };
  const near = didYouMean(input, ['local', 'ignore', 'install']);
  return { problem: `${quoted(input)} is not an answer: ${near}expected ${unknownForm}` };
});

export function list<Item extends z.core.SomeType>(item: Item, of: string) {
  return z.array(item, { error: (issue) => wrongKind(issue.input, `a list of ${of}`) });
}

/** One text, or a list with at least one; always a list afterwards. */
export function oneOrMore(item: z.ZodType<string, string>, of: string) {
  const expected = `one text, or a list of ${of}`;
  const either = z.union([z.string(), z.array(z.string())], { error: (issue) => wrongKind(issue.input, expected) });
  return either.transform((input, context): string[] => {
    if (input.length === 0) context.addIssue({ code: 'custom', message: 'is empty: expected at least one' });
    const items = typeof input === 'string' ? [input] : input;
    for (const [index, one] of items.entries()) {
      const { error } = item.safeParse(one);
      const path = typeof input === 'string' ? [] : [index];
      for (const { message } of error?.issues ?? []) context.addIssue({ code: 'custom', message, path });
    }
    return items;
  });
}

const windowForm = 'times of the day like "08:00-18:00"';
/** Minutes of the day. */
export const dayWindow = converted(windowForm, (input) => {
  const match = /^([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])$/.exec(input);
  if (!match) return { problem: `${quoted(input)} does not fit: expected ${windowForm}` };
  const [, fromHour, fromMinute, toHour, toMinute] = match.map(Number);
  const minutes = (hour = 0, minute = 0) => hour * 60 + minute;
  const [from, to] = [minutes(fromHour, fromMinute), minutes(toHour, toMinute)];
  if (from === to)
    return { problem: `${quoted(input)} has no minute in it: expected an end that is not the beginning` };
  return { value: { from, to } };
});

const rateForm = 'bytes per second with kB, MB or GB, like 20MB';
/** Bytes per second. */
export const rate = converted(rateForm, (input) => {
  const [, number, unit = ''] = /^([0-9]{1,6}(?:\.[0-9]+)?) ?(kB|MB|GB)(?:\/s)?$/.exec(input) ?? [];
  const value = Math.round(Number(number) * ({ kB: 1e3, MB: 1e6, GB: 1e9 }[unit] ?? Number.NaN));
  return value >= 1000 ? { value } : { problem: `${quoted(input)} does not fit: expected ${rateForm}, at least 1kB` };
});

const BETWEEN = 'between ';
const bandwidthForm = `${rateForm}, or a list of such and of windows like "between 08:00-18:00: 5MB"`;
/** A rate for all day, and rates for windows of it. */
export const bandwidth = z
  .union([z.string(), z.array(z.union([z.string(), z.record(z.string(), z.string())]))], {
    error: (issue) => wrongKind(issue.input, bandwidthForm),
  })
  .transform((input, context): Bandwidth => {
    let bytesPerSecond: number | undefined;
    const windows: Bandwidth['windows'][number][] = [];
    const take = <T>(form: z.ZodType<T, string>, given: string, path: (string | number)[]): T | undefined => {
      const { data, error } = form.safeParse(given);
      for (const { message } of error?.issues ?? []) context.addIssue({ code: 'custom', message, path });
      return data;
    };
    for (const [index, item] of (typeof input === 'string' ? [input] : input).entries()) {
      const path = typeof input === 'string' ? [] : [index];
      if (typeof item === 'string') {
        if (bytesPerSecond !== undefined)
          context.addIssue({ code: 'custom', message: 'is a second rate for all day: expected one', path });
        bytesPerSecond = take(rate, item, path);
        continue;
      }
      for (const [when, much] of Object.entries(item)) {
        const at = [...path, when];
        if (!when.startsWith(BETWEEN)) {
          context.addIssue({ code: 'custom', message: 'does not fit: expected "between 08:00-18:00"', path: at });
          continue;
        }
        const window = take(dayWindow, when.slice(BETWEEN.length), at);
        const most = take(rate, much, at);
        if (window !== undefined && most !== undefined) windows.push({ ...window, bytesPerSecond: most });
      }
    }
    return { bytesPerSecond, windows };
  });

export const fingerprint = matching(
  'a full fingerprint of 40 or 64 hexadecimal digits (gpg --show-keys FILE)',
  /^(?:[0-9A-Fa-f][\s:]*){40}$|^(?:[0-9A-Fa-f][\s:]*){64}$/,
);
export const word = matching('a word like x86_64', /^[A-Za-z0-9][A-Za-z0-9._+-]{0,62}$/);
export const treeFolder = matching(
  'a folder below from, like BaseOS/x86_64/os, without ".."',
  /^(?!.*(^|\/)\.{1,2}(\/|$))(?!\/)[^\p{Cc}\\]{1,255}$/u,
);
export const urlFolder = matching(
  'the beginning of a URL path, with a slash at both ends, like /rackready-pool/',
  /^\/(?:[A-Za-z0-9._~-]{1,60}\/)+$/,
);
export const glob = matching('a pattern like *.drpm or images/*', /^[^\p{Cc}\\]{1,255}$/u);
