import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import { errorAt, type Finding, formatPath, type Path, type PathStep, type Problem } from './problem.ts';

/** One file of the configuration. */
export interface SourceText {
  /** As it is to be shown in messages. */
  readonly name: string;
  /** Folder that relative paths in it start from, absolute. */
  readonly folder: string;
  readonly text: string;
}

/** A file after YAML has been understood. */
export interface YamlSource {
  readonly source: SourceText;
  /** Plain data; undefined when the file is not readable YAML or has no map at its top. */
  readonly data: Record<string, unknown> | undefined;
  /** What is wrong with it as YAML: syntax, keys given twice. */
  readonly problems: readonly Problem[];
  /** Whether the path is written in this file. */
  has(path: Path): boolean;
  /** The finding at its place: at the deepest step of the path that is written here. */
  place(finding: Finding): Problem;
}

/** One wrong character can give an error for each line that follows. */
const maxSyntaxErrors = 10;

/** Aliases share one value in memory, and nothing here walks a value twice: a thousand machines may merge one anchor. */
const maxAliasCount = 100_000;

/** Reads one file. Never throws, whatever the text is. */
export function readYaml(source: SourceText): YamlSource {
  const lines = new LineCounter();
  const base = { source, has: () => false, place: (finding: Finding) => problemOf(source, lines, finding, 0) };
  try {
    // Keys given twice are found by the walk below, which also knows where the first one stands.
    const options = {
      lineCounter: lines,
      uniqueKeys: false,
      merge: true,
      prettyErrors: false,
      logLevel: 'error',
    } as const;
    const document = parseDocument(source.text, options);
    return understand(source, document, lines);
  } catch (error) {
    const reason = inWords('', error instanceof Error ? error.message : String(error));
    return { ...base, data: undefined, problems: [base.place(errorAt([], `cannot be read as YAML: ${reason}`))] };
  }
}

function understand(source: SourceText, document: Document.Parsed, lines: LineCounter): YamlSource {
  const finder = createFinder(document);
  const place = (finding: Finding) =>
    problemOf(source, lines, finding, finder.offset(finding.path, finding.at ?? 'value'));
  const told = new Map<string, Problem>();
  for (const { code, message, pos } of document.errors) {
    const problem = problemOf(source, lines, errorAt([], `is not valid YAML: ${inWords(code, message)}`), pos[0]);
    if (told.size < maxSyntaxErrors) told.set(`${problem.line} ${problem.message}`, problem);
  }
  const problems = [...told.values()];
  const found = { source, problems, place, has: finder.has };
  if (problems.length > 0) return { ...found, data: undefined };
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    return { ...found, data: {} };
  }
  if (!isMap(document.contents)) {
    const finding = errorAt([], 'expected a map with keys like networks, profiles and machines at the top');
    return { ...found, data: undefined, problems: [place(finding)] };
  }
  for (const alias of findLooseAliases(document)) {
    const finding = errorAt([], `there is no anchor &${alias.source} before this alias`);
    problems.push(problemOf(source, lines, finding, offsetOf(alias) ?? 0));
  }
  if (problems.length > 0) return { ...found, data: undefined };
  checkKeys(document.contents, [], { source, lines, problems });
  const data = document.toJS({ maxAliasCount }) as Record<string, unknown>;
  if (isCyclic(data)) {
    problems.push(place(errorAt([], 'an alias refers to the map or list that it stands in')));
    return { ...found, data: undefined };
  }
  return { ...found, data };
}

const tooDeep = 'it is nested too deeply';

/** Errors of the YAML reader that are meant for programmers, in the operator's words. By their code. */
const ownWords: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'a second document begins here (---): take the line out, or put it into a file of its own in a folder',
  TAB_AS_INDENT: 'a tab cannot indent: use spaces',
  BLOCK_AS_IMPLICIT_KEY: 'there are two keys on this line: a value with ": " in it needs quotes',
};

/** The reader's message may quote a whole file, and what stands in that need not be fit for a terminal. */
function inWords(code: string, message: string): string {
  if (/call stack|stack overflow/i.test(message)) return tooDeep;
  if (/excessive alias count/i.test(message)) return `its aliases stand for more than ${maxAliasCount} values`;
  const text = (ownWords[code] ?? message).replace(/[\p{Cc}\u{fffd}]/gu, '?');
  return text.length > 200 ? `${text.slice(0, 200)} ...` : text;
}

/** Aliases without an anchor before them, found in one walk in the order of the text. */
function findLooseAliases(document: Document.Parsed): Alias[] {
  const anchors = new Set<string>();
  const loose: Alias[] = [];
  visit(document, {
    Alias: (_key, alias) => {
      if (!anchors.has(alias.source)) loose.push(alias);
    },
    Value: (_key, node) => {
      if (node.anchor !== undefined) anchors.add(node.anchor);
    },
  });
  return loose;
}

function problemOf(source: SourceText, lines: LineCounter, finding: Finding, offset: number): Problem {
  const { line, col } = lines.linePos(offset);
  const { message, severity } = finding;
  return {
    file: source.name,
    line: Math.max(line, 1),
    column: Math.max(col, 1),
    path: formatPath(finding.path),
    message,
    severity,
  };
}

interface KeyCheck {
  readonly source: SourceText;
  readonly lines: LineCounter;
  readonly problems: Problem[];
}

/** Reports keys that are not plain text, and keys given twice, with the place of the first. */
function checkKeys(node: unknown, path: Path, check: KeyCheck): void {
  if (isSeq(node)) for (const [index, item] of node.items.entries()) checkKeys(item, [...path, index], check);
  if (!isMap(node)) return;
  const firsts = new Map<string, number>();
  for (const pair of node.items) {
    const key = keyOf(pair);
    const offset = offsetOf(pair.key) ?? offsetOf(node) ?? 0;
    const report = (message: string) =>
      check.problems.push(problemOf(check.source, check.lines, errorAt([...path, key ?? '?'], message), offset));
    if (key === undefined) {
      report('a key must be plain text');
      continue;
    }
    if (isScalar(pair.key) && typeof pair.key.value === 'number' && pair.key.source !== key) {
      report(`YAML reads this key as the number ${key}: write it in quotes`);
    }
    // JavaScript would not keep it as a key everywhere, so that it would be lost without a word.
    if (key === '__proto__') report('is not a name that can be used');
    const first = firsts.get(key);
    if (first === undefined) firsts.set(key, offset);
    else {
      const { line, col } = check.lines.linePos(first);
      report(`is given twice: the first is at ${check.source.name}:${line}:${col}`);
    }
    checkKeys(pair.value, [...path, key], check);
  }
}

function keyOf(pair: Pair): string | undefined {
  if (!isScalar(pair.key)) return undefined;
  const { value } = pair.key;
  return value === null || typeof value === 'object' ? (value === null ? '' : undefined) : String(value);
}

function offsetOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

function createFinder(document: Document.Parsed) {
  const indexes = new WeakMap<YAMLMap, Map<string, Pair>>();
  const pairsOf = (map: YAMLMap) => {
    let index = indexes.get(map);
    if (!index) {
      index = new Map(map.items.map((pair) => [keyOf(pair) ?? '', pair]));
      indexes.set(map, index);
    }
    return index;
  };
  const resolve = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);
  /** What `<<` brings: its maps are looked into in their order. */
  const mergedPair = (map: YAMLMap, key: PathStep): ReturnType<typeof step> => {
    const merged = resolve(map.items.find(({ key: one }) => isScalar(one) && one.source === '<<')?.value);
    const sources = isSeq(merged) ? merged.items.map(resolve) : [merged];
    return sources
      .filter((source) => source !== map && isMap(source))
      .map((source) => step(source, key))
      .find(Boolean);
  };
  const step = (node: unknown, key: PathStep): { readonly key: unknown; readonly value: unknown } | undefined => {
    if (isMap(node)) return pairsOf(node).get(String(key)) ?? mergedPair(node, key);
    if (!isSeq(node) || typeof key !== 'number' || key >= node.items.length) return undefined;
    return { key: node.items[key], value: node.items[key] };
  };
  const has = (path: Path): boolean => {
    let node: unknown = document.contents;
    for (const key of path) {
      const next = step(node, key);
      if (!next) return false;
      node = resolve(next.value);
    }
    return true;
  };
  /** Where a path stands. What is not written is pointed at by the key of the map that it is missing from. */
  const offset = (path: Path, at: 'key' | 'value'): number => {
    let node: unknown = document.contents;
    let place = offsetOf(node) ?? 0;
    for (const [depth, key] of path.entries()) {
      const next = step(node, key);
      if (!next) return place;
      const keyPlace = offsetOf(next.key) ?? place;
      const isLast = depth === path.length - 1;
      place = isLast && at === 'value' && !isMap(next.value) ? (offsetOf(next.value) ?? keyPlace) : keyPlace;
      node = resolve(next.value);
    }
    return place;
  };
  return { has, offset };
}

/** Whether a map or list holds itself. Each is looked into once, however often aliases refer to it. */
function isCyclic(value: unknown, above: Set<unknown> = new Set(), done: Set<unknown> = new Set()): boolean {
  if (value === null || typeof value !== 'object' || done.has(value)) return false;
  if (above.has(value)) return true;
  above.add(value);
  const cyclic = Object.values(value).some((item) => isCyclic(item, above, done));
  above.delete(value);
  done.add(value);
  return cyclic;
}
