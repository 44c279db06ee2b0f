import type { Word } from './words.ts';

/** Statements whose value is a secret: comments and messages never repeat it. */
const secretKeywords: ReadonlySet<string> = new Set(['secret', 'ldap-password', 'ldap-tls-key']);

/** A block that fits on one line of this length is quoted on one. */
const SHORT = 100;

/**
 * A statement as a comment quotes it: its words with the spaces that were between them, on one line, or on the lines that a
 * long block had. Comments inside it are left out, and so are secrets.
 */
export function quoteWords(source: string, words: readonly Word[]): string {
  const shown = withoutSecrets(words);
  const oneLine = shown.map((word, index) => `${gapBefore(shown, index)}${textOf(source, word)}`).join('');
  if (oneLine.length <= SHORT || !shown.some(({ kind, text }) => kind === 'mark' && text === '{')) return oneLine;
  const indent = shown[0]?.column ?? 1;
  const lines: string[] = [];
  for (const [index, word] of shown.entries()) {
    const text = textOf(source, word);
    if (index === 0 || word.line !== shown[index - 1]?.line) {
      lines.push(`${' '.repeat(Math.max(0, Math.min(word.column - indent, 12)))}${text}`);
    } else lines.push(`${lines.pop() ?? ''}${gapBefore(shown, index)}${text}`);
  }
  return lines.join('\n');
}

const isMark = (word: Word | undefined, form: RegExp) => word?.kind === 'mark' && form.test(word.text);

/** The value of a secret, and all that stands in the block of a key, become one mark that shows nothing of it. */
function withoutSecrets(words: readonly Word[]): readonly Word[] {
  const shown: Word[] = [];
  let at = 0;
  while (at < words.length) {
    const word = words[at] as Word;
    const begins = at === 0 || isMark(words[at - 1], /^[;{}]$/);
    const keyword = begins && word.kind === 'word' ? word.text.toLowerCase() : '';
    const isSecret = keyword === 'key' || secretKeywords.has(keyword);
    const end = isSecret ? endOfHead(words, at) : at + 1;
    if (keyword === 'key' && isMark(words[end], /^\{$/)) {
      shown.push(...words.slice(at, end + 1), hidden(words[end] as Word));
      at = closing(words, end);
    } else if (secretKeywords.has(keyword)) {
      shown.push(word, hidden(word));
      at = end;
    } else {
      shown.push(...words.slice(at, end));
      at = end;
    }
  }
  return shown;
}

/** Where the next semicolon or brace is, or the end. */
function endOfHead(words: readonly Word[], from: number): number {
  let at = from;
  while (at < words.length && !isMark(words[at], /^[;{}]$/)) at++;
  return at;
}

function hidden(after: Word): Word {
  return { ...after, kind: 'mark', text: '…', from: after.to, to: after.to };
}

/** Where the brace at `from` is closed, or the end. */
function closing(words: readonly Word[], from: number): number {
  let depth = 0;
  for (let at = from; at < words.length; at++) {
    if (isMark(words[at], /^\{$/)) depth++;
    if (isMark(words[at], /^\}$/) && --depth === 0) return at;
  }
  return words.length;
}

function textOf(source: string, word: Word): string {
  return word.text === '…' ? ' …' : source.slice(word.from, word.to);
}

/** One space where the source had white space or a comment; none where the words touched. */
function gapBefore(words: readonly Word[], index: number): string {
  const [before, word] = [words[index - 1], words[index]];
  if (before === undefined || word === undefined || word.text === '…') return '';
  if (before.text === '…') return word.text === '}' ? ' ' : '';
  return before.to < word.from ? ' ' : '';
}
