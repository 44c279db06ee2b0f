/** A reporter of node:test that writes one JSON line for each test that ended; tools/test.ts adds them up. */

export interface TestLine {
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly name: string;
  readonly file: string;
  /** Of a skipped test. */
  readonly reason?: string;
}

/** The part of node:test's events that is read here (`test:pass` and `test:fail`). */
interface ReporterEvent {
  readonly type: string;
  readonly data?: {
    readonly name?: string;
    readonly file?: string;
    readonly skip?: string | boolean;
    readonly todo?: string | boolean;
    readonly details?: { readonly type?: string };
  };
}

export function readEvent(event: ReporterEvent): TestLine | undefined {
  if (event.type !== 'test:pass' && event.type !== 'test:fail') return undefined;
  const data = event.data ?? {};
  // A suite is the sum of its tests; a test marked as todo never fails a run.
  if (data.details?.type === 'suite') return undefined;
  const line = { name: data.name ?? '', file: data.file ?? '' };
  const reason = data.skip || data.todo;
  if (reason) return { ...line, outcome: 'skipped', reason: typeof reason === 'string' ? reason : 'no reason given' };
  return { ...line, outcome: event.type === 'test:pass' ? 'passed' : 'failed' };
}

export async function* count(source: AsyncIterable<ReporterEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    const line = readEvent(event);
    if (line) yield `${JSON.stringify(line)}\n`;
  }
}

// node:test takes a reporter from a module's default export.
// biome-ignore lint/style/noDefaultExport: required by --test-reporter
export default count;
