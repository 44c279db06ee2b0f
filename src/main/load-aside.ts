import { checkAside } from '../config/check-aside.ts';
import { type LoadResult, readSources, readTexts } from '../config/load.ts';
import { resultOf } from '../config/parse.ts';
import type { Problem } from '../config/problem.ts';
import { THREAD_MODULE } from './base.ts';

/**
 * As `loadSettings`, for a server that answers meanwhile: what takes long, rendering what every machine would get, is done in a
 * thread of its own. `signal` stops it. Never rejects.
 */
export async function loadAside(path: string, signal: AbortSignal): Promise<LoadResult> {
  const read = await readSources(path);
  if ('problems' in read) return { kind: 'problems', problems: read.problems };
  let checked: readonly Problem[];
  try {
    checked = (await checkAside(THREAD_MODULE, { kind: 'texts', texts: read.texts }, signal)).problems;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `could not be checked: ${reason}. To try again, send the server a SIGHUP`;
    return { kind: 'problems', problems: [{ file: path, line: 1, column: 1, path: '', message, severity: 'error' }] };
  }
  const { settings, problems } = readTexts(read.texts);
  // A file that it names may be another one by now.
  return resultOf(settings, hasErrors(problems) && !hasErrors(checked) ? problems : checked);
}

function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}
