import { createByteWindow, indexOfAscii } from '../byte-scan.ts';
import { broken } from '../failure.ts';
import type { Digest } from '../plan.ts';
import { latin1Text, utf8OfLatin1 } from '../text.ts';
import { percentDecoded } from '../tree-path.ts';
import { yumDigest } from './checksum.ts';
import { dereference } from './xml.ts';

/** A package as primary.xml describes it, as far as a mirror needs it. */
export interface YumPackage {
  readonly name: string;
  /** `x86_64`, `noarch`, `src` … */
  readonly arch: string;
  /** From the repository's folder, decoded; not yet confined. */
  readonly href: string;
  /** Where `href` starts instead of the repository (xml:base). */
  readonly base: string | undefined;
  readonly digest: Digest;
  readonly bytes: number;
}

/** One package's metadata; those of a kernel are some 500 KB. */
const LONGEST_PACKAGE = 16 << 20;
/** What may stand before, between and after packages. */
const LONGEST_GAP = 1 << 16;

const OPEN = '<package';
const CLOSE = '</package>';
const CLOSE_FORMAT = '</format>';

/**
 * Reads the packages of a decompressed primary.xml one after the other. Holds one package at a time, whatever the size of the
 * file (there are some of 900 MB, more than a string can have). Throws `upstream-failed` that names `file`, also when the file ends
 * too early or the number of packages is not what its head promises.
 */
export async function* primaryPackages(file: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<YumPackage> {
  const scanner = createScanner(file);
  for await (const piece of source) yield* scanner.add(piece);
  scanner.end();
}

interface Scanner {
  add(piece: Uint8Array): readonly YumPackage[];
  end(): void;
}

function createScanner(file: string): Scanner {
  const window = createByteWindow();
  let promised: number | undefined;
  let found = 0;
  /** Where the search for the end of the package that is held goes on. */
  let searched = 0;

  const readGap = (gap: string): void => {
    if (/<!(?!--)/.test(gap)) throw broken(file, 'a document type or CDATA, which metadata must not have');
    const head = /<metadata\b[^<>]*\spackages=["']([0-9]{1,9})["']/.exec(gap);
    if (head) promised = Number(head[1]);
  };

  /** The next whole package of what is held, which is dropped with it. */
  const takeOne = (): YumPackage | undefined => {
    const held = window.held();
    const start = indexOfAscii(held, OPEN, 0);
    if (start < 0) {
      if (held.length > LONGEST_GAP) throw broken(file, `${LONGEST_GAP} bytes without a package: it is no primary.xml`);
      return undefined;
    }
    const close = indexOfAscii(held, CLOSE, Math.max(start, searched));
    if (close < 0) {
      if (held.length - start > LONGEST_PACKAGE) throw broken(file, `a package of more than ${LONGEST_PACKAGE} bytes`);
      searched = Math.max(start, held.length - CLOSE.length);
      return undefined;
    }
    if (start > LONGEST_GAP) throw broken(file, `${start} bytes without a package: it is no primary.xml`);
    readGap(latin1Text(held.subarray(0, start)));
    const item = readPackage(file, withoutFormat(held.subarray(start, close)));
    window.drop(close + CLOSE.length);
    searched = 0;
    found += 1;
    return item;
  };

  return {
    add: (piece) => {
      const items: YumPackage[] = [];
      window.add(piece);
      for (let item = takeOne(); item !== undefined; item = takeOne()) items.push(item);
      return items;
    },
    end: () => {
      const rest = latin1Text(window.held());
      if (rest.length > LONGEST_GAP) throw broken(file, 'it ends within a package');
      readGap(rest);
      if (!/<\/metadata>\s*$|<metadata\b[^<>]*\/>\s*$/.test(rest)) throw broken(file, 'it ends too early');
      if (promised !== undefined && promised !== found) {
        throw broken(file, `it promises ${promised} packages and has ${found}`);
      }
    },
  };
}

/** A package without its dependencies and files, which are most of it: createrepo writes them last. */
function withoutFormat(bytes: Uint8Array): string {
  const format = indexOfAscii(bytes, '<format', 0);
  const head = latin1Text(format < 0 ? bytes : bytes.subarray(0, format));
  if (format < 0 || head.includes('<location')) return head;
  const text = latin1Text(bytes);
  const end = text.lastIndexOf(CLOSE_FORMAT);
  return end < format ? text : text.slice(0, format) + text.slice(end + CLOSE_FORMAT.length);
}

/** `text`: a package without `<format>`, one character a byte. */
function readPackage(file: string, text: string): YumPackage {
  if (text.includes('<!')) throw broken(file, 'a comment or CDATA in a package, where none belongs');
  const name = value(file, elementText(text, 'name'));
  const fail = (what: string) => broken(file, `package ${name || 'without a name'}: ${what}`);
  if (/^<package\b[^<>]*\stype=["'](?!rpm["'])/.test(text)) throw fail('it is no RPM');
  const location = /<location\s([^<>]*)>/.exec(text)?.[1] ?? '';
  const href = attribute(location, 'href');
  if (href === undefined) throw fail('it has no location');
  const base = attribute(location, 'xml:base');
  const checksum = /<checksum\s([^<>]*)>\s*([0-9a-fA-F]{1,256})\s*<\/checksum>/.exec(text);
  const digest = yumDigest(attribute(checksum?.[1] ?? '', 'type'), checksum?.[2]);
  if (digest === undefined) throw fail('it has no checksum that can be read');
  const bytes = attribute(/<size\s([^<>]*)>/.exec(text)?.[1] ?? '', 'package');
  if (bytes === undefined || !/^[0-9]{1,15}$/.test(bytes)) throw fail('it has no size');
  return {
    name,
    arch: value(file, elementText(text, 'arch')),
    href: percentDecoded(value(file, href)),
    base: base === undefined || base === '' ? undefined : value(file, base),
    digest,
    bytes: Number(bytes),
  };
}

const ELEMENTS = { name: /<name>([^<]*)<\/name>/, arch: /<arch>([^<]*)<\/arch>/ } as const;

function elementText(text: string, name: keyof typeof ELEMENTS): string {
  return ELEMENTS[name].exec(text)?.[1]?.trim() ?? '';
}

const attributePattern = (name: string) => new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`);
const ATTRIBUTES = {
  href: attributePattern('href'),
  'xml:base': attributePattern('xml:base'),
  type: attributePattern('type'),
  package: attributePattern('package'),
} as const;

function attribute(tag: string, name: keyof typeof ATTRIBUTES): string | undefined {
  const found = ATTRIBUTES[name].exec(tag);
  return found ? (found[1] ?? found[2]) : undefined;
}

function value(file: string, text: string): string {
  return dereference(utf8OfLatin1(text), (what) => broken(file, what));
}
