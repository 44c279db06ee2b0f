import { Document, isMap, isScalar, isSeq, type Node, type Pair, visit, type YAMLMap } from 'yaml';
import type { Quoted, Remark, RemarkLevel } from './account.ts';
import type { Assembled } from './assemble.ts';

export interface WrittenSource {
  /** `dhcpd.conf` */
  readonly kind: string;
  readonly files: readonly string[];
}

/** Where lines of reasons are broken. Quotes are never broken. */
const WIDTH = 100;

/** The configuration as YAML, with the remarks as comments: those about a part before that part, all others at the top. */
export function writeConfig({ root, notes }: Assembled, remarks: readonly Remark[], source: WrittenSource): string {
  const document = new Document(root, { anchorPrefix: 'options' });
  visit(document, {
    Scalar: (_key, scalar) => {
      // YAML 1.1 readers take some MAC addresses for numbers of base 60.
      if (typeof scalar.value === 'string' && /[:\n]/.test(scalar.value)) scalar.type = 'QUOTE_DOUBLE';
    },
    Seq: (_key, list) => {
      if (list.items.every(isScalar)) list.flow = true;
    },
    Map: (_key, map, path) => {
      if (isShort(map, path.length)) map.flow = true;
    },
  });
  const contents = document.contents as unknown;
  const top: Remark[] = [];
  for (const remark of remarks) {
    const key = isMap(contents) ? keyAt(contents, remark.at) : undefined;
    if (key === undefined) top.push(remark);
    else key.commentBefore = joined(key.commentBefore, asComment(formatRemark(remark)));
  }
  for (const { at, text } of notes) {
    const value = isMap(contents) ? valueAt(contents, at) : undefined;
    if (value) value.comment = ` ${clean(text)}`;
  }
  if (isMap(contents)) {
    for (const { key } of contents.items as Pair<Node>[]) key.spaceBefore = true;
  }
  const body = root.size === 0 ? '' : document.toString({ lineWidth: 0, flowCollectionPadding: true });
  return `${formatHead(top, source)}\n${body}`;
}

/** Machines and single option values stand on one line. */
function isShort(map: YAMLMap, depth: number): boolean {
  const isDeep = depth >= 4 && map.items.every(({ value }) => isScalar(value) || isSeq(value));
  return (
    isDeep &&
    map.items.some(({ key }) => isScalar(key) && ['mac', 'macs', 'u8', 'u16', 'u32'].includes(String(key.value)))
  );
}

/** The key node that a path leads to, or the deepest that is there; undefined: not even the first step is there. */
function keyAt(map: YAMLMap, path: Remark['at']): Node | undefined {
  let found: Node | undefined;
  let at: unknown = map;
  for (const step of path) {
    const pair: Pair | undefined = isMap(at)
      ? at.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
      : undefined;
    if (pair === undefined) break;
    found = pair.key as Node;
    at = pair.value;
  }
  return found;
}

function valueAt(map: YAMLMap, path: readonly string[]): Node | undefined {
  let at: unknown = map;
  for (const step of path) at = isMap(at) ? at.get(step, true) : undefined;
  return at as Node | undefined;
}

function formatHead(remarks: readonly Remark[], { kind, files }: WrittenSource): string {
  const lines = [
    `Made from ${files.slice(0, 8).join(', ')}${files.length > 8 ? ', …' : ''} by: rackready import ${kind}`,
    'Machines have no profile yet: they boot from their disks until they are given one (docs/configuration.md).',
  ];
  const section = (level: RemarkLevel, title: string) => {
    const own = remarks.filter((remark) => remark.level === level);
    if (own.length === 0) return;
    lines.push('', title);
    for (const remark of own) lines.push('', ...formatRemark(remark));
  };
  section('todo', '== To look at: what machines got and do not get any more, or what is to be decided');
  section('fine', '== Nothing to do: done by rackready itself, or without effect on machines');
  return lines.map((line) => (line === '' ? '#' : `# ${clean(line)}`)).join('\n');
}

function formatRemark({ reason, quotes, lines }: Remark): string[] {
  const sorted = quotes.toSorted((a, b) => comparePlaces(a, b));
  return [...wrap(reason), ...sorted.flatMap(formatQuote), ...lines.map((line) => `  ${line}`)];
}

function comparePlaces({ place: a }: Quoted, { place: b }: Quoted): number {
  return a.file === b.file ? a.line - b.line || a.column - b.column : 0;
}

/** `dhcpd.conf:7: ddns-updates off;`, further lines below the first. */
function formatQuote({ place, text }: Quoted): string[] {
  const [first = '', ...more] = text.split('\n');
  return [`  ${place.file}:${place.line}: ${first}`, ...more.map((line) => `    ${line}`)];
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function asComment(lines: readonly string[]): string {
  return lines.map((line) => ` ${clean(line)}`).join('\n');
}

function joined(before: string | null | undefined, more: string): string {
  return before ? `${before}\n${more}` : more;
}

/** A source may hold anything; a comment ends at the next line break of any kind. */
function clean(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\ufeff]/gu, '?').replaceAll(/\p{Cs}/gu, '?');
}
