import { broken } from '../failure.ts';

export interface XmlElement {
  /** With its prefix as written. */
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All text directly in it, references replaced. */
  readonly text: string;
}

interface OpenElement extends XmlElement {
  readonly children: OpenElement[];
  text: string;
}

const MOST_ELEMENTS = 50_000;
const DEEPEST = 32;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/**
 * Reads a small XML document (XML 1.0) and returns its root. Strict, and without what attacks are made of: no document type,
 * no entities but the five and numeric ones. Throws `upstream-failed` that names `file`.
 */
export function parseXml(file: string, text: string): XmlElement {
  const stack: OpenElement[] = [];
  let root: OpenElement | undefined;
  let count = 0;
  let at = 0;
  const fail = (what: string) => broken(file, `line ${text.slice(0, at).split('\n').length}: ${what}`);
  while (at < text.length) {
    const next = text.indexOf('<', at);
    const end = next < 0 ? text.length : next;
    const between = text.slice(at, end);
    const open = stack.at(-1);
    if (open !== undefined) open.text += dereference(between, fail);
    else if (between.trim() !== '') throw fail('text outside of the root element');
    at = end;
    if (next < 0) break;
    const tag = readTag(text, at, fail);
    if (tag.kind === 'text') {
      if (open === undefined) throw fail('CDATA outside of the root element');
      open.text += tag.text;
    } else if (tag.kind === 'close') {
      if (open?.name !== tag.name) throw fail(`</${tag.name}> closes nothing that is open`);
      stack.pop();
    } else if (tag.kind === 'open') {
      const element: OpenElement = { name: tag.name, attributes: tag.attributes, children: [], text: '' };
      if (open === undefined && root !== undefined) throw fail('more than one root element');
      if (++count > MOST_ELEMENTS || stack.length >= DEEPEST) throw fail('too many or too deep elements');
      if (open === undefined) root = element;
      else open.children.push(element);
      if (!tag.isEmpty) stack.push(element);
    }
    at = tag.end;
  }
  const unclosed = stack.at(-1);
  if (unclosed !== undefined) throw fail(`it ends within <${unclosed.name}>`);
  if (root === undefined) throw fail('no XML element');
  return root;
}

type Tag =
  | { readonly kind: 'skip'; readonly end: number }
  | { readonly kind: 'text'; readonly text: string; readonly end: number }
  | { readonly kind: 'close'; readonly name: string; readonly end: number }
  | {
      readonly kind: 'open';
      readonly name: string;
      readonly attributes: ReadonlyMap<string, string>;
      readonly isEmpty: boolean;
      readonly end: number;
    };

type Fail = (what: string) => Error;

const NAME = /[A-Za-z_][A-Za-z0-9_.:-]*/y;
const SPACE = /[ \t\r\n]*/y;

function readTag(text: string, at: number, fail: Fail): Tag {
  const until = (mark: string, from: number): number => {
    const found = text.indexOf(mark, from);
    if (found < 0) throw fail(`nothing ends with ${mark}`);
    return found;
  };
  if (text.startsWith('<?', at)) return { kind: 'skip', end: until('?>', at) + 2 };
  if (text.startsWith('<!--', at)) return { kind: 'skip', end: until('-->', at + 4) + 3 };
  if (text.startsWith('<![CDATA[', at)) {
    const end = until(']]>', at);
    return { kind: 'text', text: text.slice(at + 9, end), end: end + 3 };
  }
  if (text.startsWith('<!', at)) throw fail('a document type, which metadata must not have');
  if (text.startsWith('</', at)) {
    const name = match(NAME, text, at + 2);
    const end = at + 2 + name.length + match(SPACE, text, at + 2 + name.length).length;
    if (name === '' || text[end] !== '>') throw fail('a malformed closing tag');
    return { kind: 'close', name, end: end + 1 };
  }
  return readOpening(text, at, fail);
}

function readOpening(text: string, at: number, fail: Fail): Tag {
  const name = match(NAME, text, at + 1);
  if (name === '') throw fail('"<" that begins no tag');
  const attributes = new Map<string, string>();
  let here = at + 1 + name.length;
  for (;;) {
    const space = match(SPACE, text, here);
    here += space.length;
    if (text[here] === '>') return { kind: 'open', name, attributes, isEmpty: false, end: here + 1 };
    if (text.startsWith('/>', here)) return { kind: 'open', name, attributes, isEmpty: true, end: here + 2 };
    const key = match(NAME, text, here);
    if (space === '' || key === '') throw fail(`a malformed <${name}>`);
    here += key.length;
    here += match(SPACE, text, here).length;
    if (text[here] !== '=') throw fail(`attribute ${key} without a value`);
    here += 1;
    here += match(SPACE, text, here).length;
    const quote = text[here];
    const end = quote === '"' || quote === "'" ? text.indexOf(quote, here + 1) : -1;
    const value = text.slice(here + 1, Math.max(end, here + 1));
    if (end < 0 || value.includes('<')) throw fail(`attribute ${key} without a proper end`);
    if (attributes.has(key)) throw fail(`attribute ${key} twice`);
    attributes.set(key, dereference(value, fail));
    here = end + 1;
  }
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

/** Replaces the references of XML; `fail` makes the error for one that is none of them. */
export function dereference(text: string, fail: Fail): string {
  if (!text.includes('&')) return text;
  return text.replace(/&([^;&]{0,12};)?/g, (whole, body: string | undefined) => {
    const name = body?.slice(0, -1) ?? '';
    const numeric = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
    const code = numeric ? Number.parseInt(numeric[1] ?? numeric[2] ?? '', numeric[1] === undefined ? 10 : 16) : 0;
    if (code > 0 && code <= 0x10ffff) return String.fromCodePoint(code);
    const char = Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
    if (char === undefined) throw fail(`${whole} is no reference that XML has by itself`);
    return char;
  });
}
