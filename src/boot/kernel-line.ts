import type { Machine } from '../machine/machine.ts';
import { formatMacDashed, type Mac } from '../net/mac.ts';
import { answerFileName } from './answer-files.ts';
import { httpBase } from './plan.ts';
import type { Profile } from './profile.ts';

/** A kernel to start: names below the boot root, and the command line as words, not yet quoted for any loader. */
export interface KernelLine {
  /** "os/debian-12/linux" */
  readonly kernel: string;
  readonly initrd: string;
  readonly words: readonly string[];
}

export interface KernelLineInput {
  readonly machine: Machine;
  readonly profile: Profile;
  /** The interface that it boots from. */
  readonly mac: Mac;
  /** Our address as the machine reaches us, dotted. */
  readonly host: string;
  readonly httpPort: number;
  /** The grant's token. */
  readonly token: string;
  /** The state of the profile's mirror that is installed from; undefined: the one that is served. */
  readonly snapshot?: string | undefined;
}

/** What the operator wrote in a profile's `arguments`, split at `---`. */
export interface ProfileArguments {
  /** For the installer only. */
  readonly installer: readonly string[];
  /** For the installer and the installed system. */
  readonly both: readonly string[];
}

/** Makes the kernel line that starts a profile's installer on a machine. */
export function planKernelLine(input: KernelLineInput): KernelLine {
  const { profile } = input;
  const base = `os/${profile.name}`;
  return { kernel: `${base}/linux`, initrd: `${base}/initrd`, words: wordsFor(input) };
}

/** "http://172.22.10.2/answer/TOKEN/preseed.cfg" */
export function answerUrl(input: Pick<KernelLineInput, 'host' | 'httpPort' | 'token' | 'profile'>): string {
  return `${httpBase(input.host, input.httpPort)}/answer/${input.token}/${answerFileName(input.profile.family)}`;
}

/** "http://172.22.10.2/report/TOKEN", to which /started, /done and /failed are appended. */
export function reportUrl(input: Pick<KernelLineInput, 'host' | 'httpPort' | 'token'>): string {
  return `${httpBase(input.host, input.httpPort)}/report/${input.token}`;
}

/**
 * A profile's `source` as its machines reach it: folders and mirrors of this host below `ownBase`, a mirror at one of its states.
 * Never with a slash at the end.
 */
export function sourceUrl(
  profile: Pick<Profile, 'name' | 'source' | 'mirrorFolder'>,
  ownBase: string,
  snapshot?: string | undefined,
): string | undefined {
  const { source } = profile;
  const mirror = mirrorOf(profile);
  if (mirror !== undefined) {
    const folder = profile.mirrorFolder === undefined ? '' : `/${profile.mirrorFolder}`;
    return `${ownBase}/mirror/${mirror}${snapshot === undefined ? '' : `@${snapshot}`}${folder}`;
  }
  return source?.startsWith('/') ? `${ownBase}/tree/${profile.name}` : source?.replace(/\/+$/, '');
}

/** The mirror of this host that a profile installs from. */
export function mirrorOf({ source }: Pick<Profile, 'source'>): string | undefined {
  return source?.startsWith('mirror:') ? source.slice('mirror:'.length) : undefined;
}

/** Splits a command line at white space; double and single quotes keep a word together and are taken away. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  for (const match of text.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*'|["'])+/g)) {
    words.push(
      match[0].replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ''),
    );
  }
  return words;
}

/** What `arguments` may name in double braces, `{{ urls.answer }}`: how an installer that is not built in finds its answers. */
export const argumentNames = [
  'urls.answer',
  'urls.report',
  'urls.base',
  'machine.name',
  'machine.hostName',
  'machine.mac',
  'mirror.url',
] as const;

const PLACE = /\{\{\s*([^{}]*?)\s*\}\}/g;

/** Names in double braces that `arguments` does not know. */
export function unknownArgumentNames(text: string): string[] {
  const known: readonly string[] = argumentNames;
  return Array.from(text.matchAll(PLACE), ([, name = '']) => name).filter((name) => !known.includes(name));
}

/** A profile's `arguments` for one machine. None of the values holds white space. */
export function expandArguments(input: KernelLineInput): string {
  const { machine, profile } = input;
  const values: Readonly<Record<(typeof argumentNames)[number], string>> = {
    'urls.answer': answerUrl(input),
    'urls.report': reportUrl(input),
    'urls.base': httpBase(input.host, input.httpPort),
    'machine.name': machine.name,
    'machine.hostName': machine.hostName,
    'machine.mac': input.mac,
    'mirror.url': sourceUrl(profile, httpBase(input.host, input.httpPort), input.snapshot) ?? '',
  };
  const known: Readonly<Record<string, string>> = values;
  return profile.arguments.replace(PLACE, (whole, name: string) => known[name] ?? whole);
}

/**
 * debian-installer copies what stands after `---` to the installed system's kernel line, so arguments of a profile stand
 * there unless the operator divides them with a `---` of their own. Other installers have no such mark.
 */
export function splitArguments(text: string): ProfileArguments {
  const words = splitWords(text);
  const mark = words.indexOf('---');
  if (mark < 0) return { installer: [], both: words };
  return { installer: words.slice(0, mark), both: words.slice(mark + 1) };
}

/** A word as the kernel reads it back from its command line: a value with white space stands in double quotes. */
export function kernelQuote(word: string): string {
  if (!/\s/.test(word)) return word;
  const [, name = '', value = word] = /^([^=\s]+=)([\s\S]*)$/.exec(word) ?? [];
  return `${name}"${value}"`;
}

function wordsFor(input: KernelLineInput): string[] {
  const { installer, both } = splitArguments(expandArguments(input));
  const bootIf = `BOOTIF=01-${formatMacDashed(input.mac)}`;
  switch (input.profile.family) {
    case 'debian':
      return [...debianWords(input), bootIf, ...installer, '---', ...both];
    case 'anaconda':
      return [...anacondaWords(input), bootIf, ...installer, ...both];
    case 'ubuntu':
      // What stands after `---` goes on to the installed system, as with debian-installer.
      return [...ubuntuWords(input), bootIf, ...installer, ...(both.length > 0 ? ['---', ...both] : [])];
    case 'custom':
      return [bootIf, ...installer, ...both];
  }
}

/** debian-installer's own names (its manual, appendix B.2): host name and interface are needed before the preseed is there. */
function debianWords(input: KernelLineInput): string[] {
  const { machine } = input;
  const domain = machine.domain === undefined ? [] : [`domain=${machine.domain}`];
  return [
    'auto=true',
    'priority=critical',
    `url=${answerUrl(input)}`,
    'interface=auto',
    `hostname=${machine.hostName}`,
    ...domain,
    'netcfg/dhcp_timeout=60',
    `log_host=${input.host}`,
  ];
}

/**
 * Anaconda's own names (dracut and pyanaconda). RHEL 9 dropped those without `inst.`; CentOS 7 takes both and gets both,
 * because its second stage reads some of the old ones only.
 */
function anacondaWords(input: KernelLineInput): string[] {
  const { profile } = input;
  const url = answerUrl(input);
  const tree = sourceUrl(profile, httpBase(input.host, input.httpPort), input.snapshot);
  const words = [`inst.ks=${url}`, 'inst.ks.sendmac', 'inst.ks.sendsn'];
  if (tree !== undefined) words.push(`inst.repo=${tree}`);
  words.push('inst.text', 'ip=dhcp');
  return profile.kickstart === 'rhel7' ? [...words, `ks=${url}`, 'kssendmac', 'ksdevice=bootif'] : words;
}

function isoUrl({ profile, snapshot }: KernelLineInput, base: string, iso: string): string {
  if (iso.startsWith('/')) return `${base}/iso/${profile.name}.iso`;
  const [, mirror, path] = /^mirror:([^/]+)\/(.+)$/.exec(iso) ?? [];
  if (mirror === undefined) return iso;
  return `${base}/mirror/${mirror}${snapshot === undefined ? '' : `@${snapshot}`}/${path}`;
}

/**
 * casper takes `url=` for the ISO that it loads into memory; cloud-init would take the same word for its own configuration
 * and download the ISO once more, which `cloud-config-url` prevents.
 */
function ubuntuWords(input: KernelLineInput): string[] {
  const base = httpBase(input.host, input.httpPort);
  const media = input.profile.iso === undefined ? [] : [`url=${isoUrl(input, base, input.profile.iso)}`];
  // cloud-init appends meta-data, user-data and vendor-data to a seed that ends in a slash.
  const seed = `ds=nocloud;s=${base}/answer/${input.token}/`;
  return ['ip=dhcp', ...media, 'autoinstall', seed, 'cloud-config-url=/dev/null'];
}
