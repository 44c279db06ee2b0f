import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';

const FILE = join(import.meta.dirname, 'RESULTS.md');
const TITLE = '# Measurements\n\nWritten by `npm run bench:…`; each section replaces its own text only.\n';

/** Puts `markdown` between the markers of section `name` in bench/RESULTS.md; everything else stays as it is. */
export function writeSection(name: string, markdown: string): void {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const section = `${begin}\n${markdown.trim()}\n${end}`;
  const old = existsSync(FILE) ? readFileSync(FILE, 'utf8') : TITLE;
  const [first, last] = [old.indexOf(begin), old.indexOf(end)];
  const isThere = first >= 0 && last > first;
  writeFileSync(
    FILE,
    isThere ? old.slice(0, first) + section + old.slice(last + end.length) : `${old.trimEnd()}\n\n${section}\n`,
  );
}

/** What the figures were measured on, as one line. */
export function machineLine(): string {
  const processors = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const date = new Date().toISOString().slice(0, 10);
  return `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, ${gigabytes} GB, Linux ${release().split('-')[0]}, Node ${process.version}, ${date}`;
}

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
