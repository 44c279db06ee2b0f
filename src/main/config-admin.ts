import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type CheckJob, type CheckReport, checkAside } from '../config/check-aside.ts';
import type { ConfigText } from '../config/edit.ts';
import { readSources } from '../config/load.ts';
import { planEdits } from '../config/plan-edits.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { messageOf } from '../config/render-check.ts';
import type { Settings } from '../config/settings.ts';
import { writeFileSafely } from '../config/write-file.ts';
import type { ConfigAdmin, SaveResult, TemplateCheck, TemplateRow } from '../http/api/config-ports.ts';
import type { ReloadResult } from '../http/api/ports.ts';
import { THREAD_MODULE } from './base.ts';
import { createMask } from './render-origin.ts';

export interface ConfigAdminOptions {
  readonly settings: () => Settings;
  readonly configPath: string | undefined;
  readonly reload: () => Promise<ReloadResult>;
}

const BUILT_IN = fileURLToPath(new URL('../../templates/', import.meta.url));

/** Edits of the configuration's files by the API. Each is checked first, in a thread of its own. */
export function createConfigAdmin(options: ConfigAdminOptions): ConfigAdmin {
  const { settings, configPath, reload } = options;
  const find = (path: string) => listTemplates(settings()).find((row) => row.path === path);
  const save = async (file: ConfigText, before: string | undefined): Promise<SaveResult | undefined> => {
    const written = await writeFileSafely(file, before);
    if (written.kind === 'written') return undefined;
    if (written.kind === 'failed') return { kind: 'cannot-write', file: file.name, reason: written.reason };
    return { kind: 'refused', reason: `${file.name} was changed by somebody else meanwhile` };
  };
  return {
    addMachine: async (name, values) => {
      if (configPath === undefined) return { kind: 'no-configuration' };
      const read = await readSources(configPath);
      if ('problems' in read) return { kind: 'invalid', problems: read.problems.map(formatProblem) };
      const plan = await planEdits(configPath, read.texts, [{ kind: 'add', machines: { [name]: values } }]);
      if (plan.kind === 'refused') return plan;
      const problems = errorsIn((await check({ kind: 'texts', texts: plan.texts })).problems);
      if (problems.length > 0) return { kind: 'invalid', problems };
      for (const file of plan.changed) {
        const failed = await save(file, read.texts.find((one) => one.name === file.name)?.text);
        if (failed) return failed;
      }
      return { kind: 'saved', files: plan.changed.map((file) => file.name), server: await reload() };
    },
    templates: () => listTemplates(settings()),
    readTemplate: async (path) => {
      const template = find(path);
      if (template === undefined) return undefined;
      const text = await readFile(path, 'utf8').catch(() => '');
      return { template, text, version: versionOf(text) };
    },
    checkTemplate: async (path, text, machine) => {
      if (configPath === undefined || find(path) === undefined) return undefined;
      const report = await check({ kind: 'template', configPath, path, text, preview: machine });
      return templateCheck(report, settings(), machine);
    },
    saveTemplate: async (path, text, version) => {
      const template = find(path);
      if (configPath === undefined || template === undefined) return undefined;
      if (template.isBuiltIn)
        return { kind: 'refused', reason: `${path} comes with rackready and is replaced with it` };
      const before = await readFile(path, 'utf8').catch(() => undefined);
      if (versionOf(before ?? '') !== version) {
        return { kind: 'refused', reason: `${path} was changed by somebody else meanwhile` };
      }
      const { errors, problems } = templateCheck(await check({ kind: 'template', configPath, path, text }), settings());
      const broken = problems.map((one) => `${one.machine}: ${path}:${one.line}:${one.column}: ${one.message}`);
      if (errors.length + broken.length > 0) return { kind: 'invalid', problems: [...errors, ...broken] };
      const failed = await save({ name: path, text }, before);
      return failed ?? { kind: 'saved', files: [path], server: await reload() };
    },
  };
}

function check(job: CheckJob): Promise<CheckReport> {
  return checkAside(THREAD_MODULE, job);
}

function templateCheck(report: CheckReport, settings: Settings, name?: string): TemplateCheck {
  const { problems, machines, broken, preview } = report;
  const machine = settings.machines.get(name ?? '');
  // What the file holds now may be broken, too: then its errors are of the machines that render it, and are in `broken`.
  const errors = broken.length > 0 ? [] : errorsIn(problems);
  return {
    errors,
    machines,
    problems: broken.map((one) => ({
      machine: one.machine,
      line: one.file.startsWith('/') ? one.line : 1,
      column: one.file.startsWith('/') ? one.column : 1,
      message: one.file.startsWith('/') ? one.message : messageOf(one),
    })),
    preview: preview === undefined || machine === undefined ? null : createMask(settings, machine, false)(preview),
  };
}

function listTemplates({ profiles, machines, templates }: Settings): TemplateRow[] {
  const users = new Map<string, string[]>();
  for (const path of templates.values()) users.set(path, []);
  for (const { name, answerFile } of profiles.values()) users.set(answerFile, [...(users.get(answerFile) ?? []), name]);
  const names = new Map([...templates].map(([name, path]) => [path, name]));
  const all = [...machines.values()];
  return [...users].map(([path, used]) => ({
    path,
    name: names.get(path) ?? null,
    isBuiltIn: path.startsWith(BUILT_IN),
    profiles: used,
    machines: all.filter(({ profile }) => used.includes(profile ?? '')).length,
  }));
}

function errorsIn(problems: readonly Problem[]): string[] {
  return problems.filter(({ severity }) => severity === 'error').map(formatProblem);
}

function versionOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}
