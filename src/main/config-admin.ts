import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { CheckReport } from '../config/check-aside.ts';
import { writtenMachines } from '../config/edit.ts';
import { withLf, withLineEnds } from '../config/line-ends.ts';
import { planEdits } from '../config/plan-edits.ts';
import { messageOf } from '../config/render-check.ts';
import type { Settings } from '../config/settings.ts';
import type { SourceText } from '../config/yaml-source.ts';
import type { ConfigAdmin, SaveResult, TemplateCheck, TemplateRow } from '../http/api/config-ports.ts';
import type { EventFeed, ReloadResult } from '../http/api/ports.ts';
import { type ConfigFiles, checkThere, createConfigFiles, type EditPlan, errorsIn, versionOf } from './config-files.ts';
import { takeFirstSteps } from './first-steps.ts';
import { foldOtherServers } from './other-servers.ts';
import { createProfileAdmin } from './profile-admin.ts';

export interface ConfigAdminOptions {
  readonly settings: () => Settings;
  readonly configPath: string | undefined;
  readonly reload: () => Promise<ReloadResult>;
  readonly listEvents: EventFeed['list'];
}

/** Each is told once an hour. */
const MOST_TOLD = 500;
const BUILT_IN = fileURLToPath(new URL('../../templates/', import.meta.url));

/** Edits of the configuration's files by the API. Each is checked first, in a thread of its own. */
export function createConfigAdmin(options: ConfigAdminOptions): ConfigAdmin {
  const { settings, configPath, reload } = options;
  const files = createConfigFiles(configPath, reload);
  return {
    firstSteps: async (interfaceName) => {
      const asked = ['dhcp.other-server', 'dhcp.stranger'] as const;
      const told = await Promise.all(asked.map((id) => options.listEvents({ id, limit: MOST_TOLD })));
      return takeFirstSteps({ interfaceName, otherServers: foldOtherServers(told.flat()) });
    },
    addMachine: (name, values) =>
      files.edit((path, texts) => planEdits(path, texts, [{ kind: 'add', machines: { [name]: values } }])),
    setNotes: (name, notes, before) => files.edit((path, texts) => planNotes(path, texts, { name, notes, before })),
    ...createProfileAdmin({ settings, configPath }, files),
    templates: () => listTemplates(settings()),
    ...createTemplateAdmin(options, files),
  };
}

interface NotesEdit {
  readonly name: string;
  readonly notes: string;
  /** As they were when the edit began. */
  readonly before: string;
}

async function planNotes(path: string, texts: readonly SourceText[], edit: NotesEdit): Promise<EditPlan> {
  const { name, before } = edit;
  const notes = edit.notes.trimEnd();
  const written = writtenMachines(texts)[name]?.notes;
  const now = typeof written === 'string' ? written : '';
  if (now.trimEnd() !== before.trimEnd()) return { kind: 'changed-meanwhile', what: `machines.${name}.notes` };
  if (now.trimEnd() === notes) return { kind: 'planned', texts, changed: [] };
  return planEdits(path, texts, [{ kind: 'set', name, values: { notes: notes === '' ? undefined : notes } }]);
}

type TemplateAdmin = Pick<ConfigAdmin, 'readTemplate' | 'checkTemplate' | 'saveTemplate'>;

function createTemplateAdmin({ settings, configPath, reload }: ConfigAdminOptions, files: ConfigFiles): TemplateAdmin {
  const find = (path: string) => listTemplates(settings()).find((row) => row.path === path);
  const save = async (path: string, edited: string, version: string): Promise<SaveResult | undefined> => {
    const template = find(path);
    if (configPath === undefined || template === undefined) return undefined;
    if (template.isBuiltIn) return { kind: 'refused', reason: `${path} comes with rackready and is replaced with it` };
    const before = await readFile(path, 'utf8').catch(() => undefined);
    if (versionOf(before ?? '') !== version) return { kind: 'changed-meanwhile', what: path };
    const text = withLineEnds(edited, before ?? '');
    const { errors, problems } = templateCheck(await checkThere({ kind: 'template', configPath, path, text }));
    const broken = problems.map((one) => `${one.machine}: ${path}:${one.line}:${one.column}: ${one.message}`);
    if (errors.length + broken.length > 0) return { kind: 'invalid', problems: [...errors, ...broken] };
    const failed = await files.write({ name: path, text }, before);
    return failed ?? { kind: 'saved', files: [path], server: await reload() };
  };
  return {
    readTemplate: async (path) => {
      const template = find(path);
      if (template === undefined) return undefined;
      const text = await readFile(path, 'utf8').catch(() => '');
      return { template, text: withLf(text), version: versionOf(text) };
    },
    checkTemplate: async (path, edited, machine) => {
      if (configPath === undefined || find(path) === undefined) return undefined;
      const text = withLineEnds(edited, await readFile(path, 'utf8').catch(() => ''));
      return templateCheck(await checkThere({ kind: 'template', configPath, path, text, preview: machine }));
    },
    saveTemplate: (path, text, version) => files.inTurn(() => save(path, text, version)),
  };
}

function templateCheck({ problems, machines, broken, preview }: CheckReport): TemplateCheck {
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
    preview: preview ?? null,
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
