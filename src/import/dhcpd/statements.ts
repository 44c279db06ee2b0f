import type { Account, Place, Quoted } from '../account.ts';
import { isSimpleKeyword, isStatementKeyword } from './keywords.ts';
import { quoteWords } from './quote-words.ts';
import { readWords, type Word } from './words.ts';

/** A statement of dhcpd.conf(5): words up to a semicolon, or words and a block in braces. */
export interface Statement extends Quoted {
  /** Never empty. Without the semicolon and the braces of the block. */
  readonly words: readonly Word[];
  /** What stands in its braces; undefined: it ends with a semicolon. */
  readonly block?: readonly Statement[] | undefined;
}

/** Deeper than anybody nests. dhcpd itself has no limit but its stack. */
const MAX_DEPTH = 50;

interface OpenBlock {
  /** Indexes of its words before the brace. */
  readonly from: number;
  readonly to: number;
  readonly statements: Statement[];
}

/** Reads one file. Reports what is wrong and goes on with the rest; never throws. */
export function readStatements(text: string, file: string, account: Account): readonly Statement[] {
  const words = readWords(text, file, account);
  const source: Source = { text, file, account, words };
  const top: OpenBlock = { from: 0, to: 0, statements: [] };
  const open: OpenBlock[] = [top];
  let from = 0;
  let at = 0;
  const add = (statement: Statement | undefined) => {
    if (statement) open.at(-1)?.statements.push(statement);
  };
  const endUnfinished = () => {
    const last = words[at - 1];
    if (from >= at || last === undefined) return;
    // Without the words: they may be a secret.
    account.complain(endOf(file, last), 'a semicolon is missing here');
    add(leaf(source, from, at));
  };
  const close = () => {
    const block = open.length > 1 ? open.pop() : undefined;
    if (block === undefined) return false;
    if (block.from === block.to) open.at(-1)?.statements.push(...block.statements);
    else add(blockOf(source, block, at));
    return true;
  };
  for (; at < words.length; at++) {
    const { kind, text: mark } = words[at] as Word;
    const isBrace = kind === 'mark' && (mark === '{' || mark === '}') && !isTypeBrace(words, from, at);
    if (kind === 'mark' && mark === ';') {
      if (from < at) add(leaf(source, from, at));
      from = at + 1;
    } else if (isBrace && mark === '{') {
      if (open.length > MAX_DEPTH) break;
      open.push({ from, to: at, statements: [] });
      from = at + 1;
    } else if (isBrace) {
      endUnfinished();
      from = at + 1;
      if (!close()) account.complain(placeOf(file, words[at] as Word), 'this } closes nothing: take it out');
    } else if (isMissingSemicolon(words, from, at)) {
      endUnfinished();
      from = at;
    }
  }
  const tooDeep = words[at];
  if (tooDeep) {
    account.complain(placeOf(file, tooDeep), `blocks are nested deeper than ${MAX_DEPTH}: the rest is not read`);
  }
  if (!tooDeep) endUnfinished();
  else if (from < at) add(leaf(source, from, at));
  while (open.length > 1) {
    const { from: first } = open.at(-1) as OpenBlock;
    if (!tooDeep) account.complain(placeOf(file, words[first] as Word), 'this block has no closing }');
    close();
  }
  return top.statements;
}

interface Source {
  readonly text: string;
  readonly file: string;
  readonly account: Account;
  readonly words: readonly Word[];
}

/** The statement of the words from `from`, ended by the word at `to`. */
function leaf({ text, file, words }: Source, from: number, to: number): Statement {
  const own = words.slice(from, to);
  const last = words[to]?.text === ';' ? to + 1 : to;
  return {
    words: own,
    place: placeOf(file, own[0] as Word),
    text: quoteWords(text, words.slice(from, last)),
  };
}

function blockOf({ text, file, words }: Source, { from, to, statements }: OpenBlock, end: number): Statement {
  const own = words.slice(from, to);
  return {
    words: own,
    block: statements,
    place: placeOf(file, own[0] as Word),
    get text() {
      return quoteWords(text, words.slice(from, end + 1));
    },
  };
}

/** How far the words reach that tell what kind of `option` statement it is: `option space.name code 200 =`. */
const HEAD_WORDS = 8;

/** `option x code 200 = { ip-address, integer 8 };`: these braces belong to a type. */
function isTypeBrace(words: readonly Word[], from: number, at: number): boolean {
  const head = words.slice(from, Math.min(at, from + HEAD_WORDS)).map(({ text }) => text.toLowerCase());
  return head[0] === 'option' && head.includes('code') && head.includes('=');
}

/** A line that begins with another statement's keyword, while one is open that never goes on over lines so. */
function isMissingSemicolon(words: readonly Word[], from: number, at: number): boolean {
  const [first, last, next] = [words[from], words[at - 1], words[at]];
  if (from >= at || !next?.isFirstOnLine || next.kind !== 'word' || !isStatementKeyword(next.text)) return false;
  if (first === undefined || !isSimpleKeyword(first.text)) return false;
  // A comma, a colon or an expression wants to go on.
  if (last?.kind === 'mark' && /[,=(:.]/.test(last.text)) return false;
  return !words.slice(from, Math.min(at, from + HEAD_WORDS)).some(({ kind, text }) => kind === 'mark' && text === '=');
}

function placeOf(file: string, { line, column }: Word): Place {
  return { file, line, column };
}

function endOf(file: string, { line, column, from, to }: Word): Place {
  return { file, line, column: column + (to - from) };
}

/** The first word in lower case: dhcpd does not look at the case of its keywords. */
export function keywordOf({ words }: Statement): string {
  return words[0]?.kind === 'word' ? words[0].text.toLowerCase() : '';
}
