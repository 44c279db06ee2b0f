import { createHash } from 'node:crypto';
import { type CheckJob, type CheckReport, checkAside } from '../config/check-aside.ts';
import type { ConfigText } from '../config/edit.ts';
import { readSources } from '../config/load.ts';
import type { PlannedEdits } from '../config/plan-edits.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { writeFileSafely } from '../config/write-file.ts';
import type { SourceText } from '../config/yaml-source.ts';
import type { SaveResult } from '../http/api/config-ports.ts';
import type { ReloadResult } from '../http/api/ports.ts';
import { THREAD_MODULE } from './base.ts';

/** What an edit comes to, or why there is none. */
export type EditPlan = PlannedEdits | SaveResult;

/** Writes the configuration's files. One save after the other: the second is judged by what the first one left. */
export interface ConfigFiles {
  /** Reads the files, has the edit planned from them, checks the whole, and writes what changed. With an error nothing is written. */
  edit(plan: (path: string, texts: readonly SourceText[]) => Promise<EditPlan>): Promise<SaveResult>;
  /** Runs a save when those before it are through. */
  inTurn<Result>(save: () => Promise<Result>): Promise<Result>;
  /** Puts one file in its place; undefined: it is there. `before`: what it must hold still. */
  write(file: ConfigText, before: string | undefined): Promise<SaveResult | undefined>;
}

export function createConfigFiles(configPath: string | undefined, reload: () => Promise<ReloadResult>): ConfigFiles {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(save: () => Promise<Result>): Promise<Result> => {
    const result = last.then(save);
    last = result.catch(() => undefined);
    return result;
  };
  const editNow = async (path: string, planned: Parameters<ConfigFiles['edit']>[0]): Promise<SaveResult> => {
    const read = await readSources(path);
    if ('problems' in read) return { kind: 'invalid', problems: read.problems.map(formatProblem) };
    const plan = await planned(path, read.texts);
    if (plan.kind !== 'planned') return plan;
    const problems = errorsIn((await checkThere({ kind: 'texts', texts: plan.texts })).problems);
    if (problems.length > 0) return { kind: 'invalid', problems };
    for (const file of plan.changed) {
      const failed = await write(file, read.texts.find((one) => one.name === file.name)?.text);
      if (failed) return failed;
    }
    return { kind: 'saved', files: plan.changed.map((file) => file.name), server: await reload() };
  };
  return {
    edit: async (plan) =>
      configPath === undefined ? { kind: 'no-configuration' } : inTurn(() => editNow(configPath, plan)),
    inTurn,
    write,
  };
}

async function write(file: ConfigText, before: string | undefined): Promise<SaveResult | undefined> {
  const written = await writeFileSafely(file, before);
  if (written.kind === 'written') return undefined;
  if (written.kind === 'failed') return { kind: 'cannot-write', file: file.name, reason: written.reason };
  return { kind: 'changed-meanwhile', what: file.name };
}

/** Checks in a thread of its own. */
export function checkThere(job: CheckJob): Promise<CheckReport> {
  return checkAside(THREAD_MODULE, job);
}

export function errorsIn(problems: readonly Problem[]): string[] {
  return onlyErrors(problems).map(formatProblem);
}

/** Changes with the text. */
export function versionOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

export function onlyErrors(problems: readonly Problem[]): readonly Problem[] {
  return problems.filter(({ severity }) => severity === 'error');
}
