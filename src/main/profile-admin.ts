import { dirname, resolve } from 'node:path';
import type { CheckReport } from '../config/check-aside.ts';
import type { ConfigText } from '../config/edit.ts';
import { nameOfEntry, type PlacedEntry, readEntries, replaceEntry, type TextProblem } from '../config/entry-text.ts';
import { readSources } from '../config/load.ts';
import { planEdits } from '../config/plan-edits.ts';
import { formatProblem } from '../config/problem.ts';
import { messageOf } from '../config/render-check.ts';
import type { Settings } from '../config/settings.ts';
import type { SourceText } from '../config/yaml-source.ts';
import type { ConfigAdmin, ProfileCheck, ProfileEdit, ProfileRow } from '../http/api/config-ports.ts';
import { type ConfigFiles, checkThere, type EditPlan, onlyErrors, versionOf } from './config-files.ts';

type ProfileAdmin = Pick<ConfigAdmin, 'profiles' | 'readProfile' | 'checkProfile' | 'saveProfile'>;

export interface ProfileAdminOptions {
  readonly settings: () => Settings;
  readonly configPath: string | undefined;
}

const SECTION = 'profiles';

/** Edits of profiles by the API: their text as it stands in the configuration's files, comments and all. */
export function createProfileAdmin({ settings, configPath }: ProfileAdminOptions, files: ConfigFiles): ProfileAdmin {
  return {
    profiles: async () => {
      if (configPath === undefined) return { profiles: [], problems: [] };
      const read = await readSources(configPath);
      if ('problems' in read) return { profiles: [], problems: read.problems.map(formatProblem) };
      return { profiles: readEntries(read.texts, SECTION).map((entry) => rowOf(entry, settings())), problems: [] };
    },
    readProfile: async (name) => {
      const read = configPath === undefined ? undefined : await readSources(configPath);
      const entry = read && 'texts' in read && readEntries(read.texts, SECTION).find((one) => one.name === name);
      if (!entry) return undefined;
      return { profile: rowOf(entry, settings()), text: entry.text, version: versionOf(entry.text) };
    },
    checkProfile: async (edit, machine) => {
      if (configPath === undefined) return undefined;
      const read = await readSources(configPath);
      if ('problems' in read) return { ...NOTHING, elsewhere: read.problems.map(formatProblem) };
      const placed = await placeProfile(configPath, read.texts, edit);
      if ('problems' in placed) return { ...NOTHING, errors: placed.problems };
      const after = toSources(placed.texts);
      const { name } = placed;
      const report = await checkThere({ kind: 'profile', before: read.texts, after, profile: name, preview: machine });
      return describe(report, placed);
    },
    saveProfile: (edit, version) =>
      files.edit(async (path, texts): Promise<EditPlan> => {
        const old = readEntries(texts, SECTION).find((one) => one.name === edit.name);
        if (edit.name !== undefined && (old === undefined || versionOf(old.text) !== version)) {
          return { kind: 'changed-meanwhile', what: `profiles.${edit.name}` };
        }
        const placed = await placeProfile(path, texts, edit);
        if ('problems' in placed) return { kind: 'invalid', problems: placed.problems.map(inWords) };
        const changed = placed.texts.filter((one) => !texts.some((before) => sameText(before, one)));
        return { kind: 'planned', texts: toSources(placed.texts), changed };
      }),
  };
}

const NOTHING: ProfileCheck = { errors: [], elsewhere: [], machines: [], broken: [], changes: [], preview: null };

type Placed = (PlacedEntry & { readonly name: string }) | { readonly problems: readonly TextProblem[] };

/** Where the text goes. A new profile is added as an empty one first, which is then edited. */
async function placeProfile(path: string, texts: readonly ConfigText[], { name, text }: ProfileEdit): Promise<Placed> {
  const named = nameOfEntry(text);
  if ('problems' in named) return named;
  const refuse = (message: string) => ({ problems: [{ line: 1, column: 1, message }] });
  if (name !== undefined && named.name !== name) {
    return refuse(`its name is ${name}: to call it ${named.name}, copy it, and give its machines the new one`);
  }
  const isNew = name === undefined;
  const plan = isNew
    ? await planEdits(path, texts, [{ kind: 'add', section: SECTION, machines: { [named.name]: {} } }])
    : { kind: 'planned' as const, texts };
  if (plan.kind === 'refused') return refuse(plan.reason);
  const before = readEntries(plan.texts, SECTION).map((entry) => entry.name);
  const placed = replaceEntry(plan.texts, SECTION, { name: named.name, text });
  if (placed === undefined) return refuse(`there is no profile ${named.name} in the configuration any more`);
  const after = readEntries(placed.texts, SECTION).map((entry) => entry.name);
  // What is no YAML any more has no entries: the check says where.
  if (after.length > 0 && after.join() !== before.join()) {
    return refuse('it would change other profiles: edit the file by hand');
  }
  return { ...placed, name: named.name };
}

function describe(report: CheckReport, placed: PlacedEntry): ProfileCheck {
  const errors: TextProblem[] = [];
  const elsewhere: string[] = [];
  for (const problem of onlyErrors(report.problems)) {
    const place = placed.toText(problem.file, problem.line, problem.column);
    if (place) errors.push({ ...place, message: problem.message });
    else elsewhere.push(formatProblem(problem));
  }
  const { kernelLine, preview } = report;
  return {
    errors,
    elsewhere,
    machines: report.machines,
    broken: group(report.broken, messageOf).map(({ key, machines }) => ({ message: key, machines })),
    changes: group(report.changes ?? [], ({ what }) => what.join(', ')).map(({ key, machines }) => ({
      what: key,
      machines,
    })),
    preview: kernelLine === undefined ? null : { kernelLine, answerFile: preview ?? null },
  };
}

/** A thousand machines have the same to say: it is said once. */
function group<One extends { readonly machine: string }>(all: readonly One[], keyOf: (one: One) => string) {
  const groups = Map.groupBy(all, keyOf);
  return [...groups].map(([key, ones]) => ({ key, machines: [...new Set(ones.map(({ machine }) => machine))] }));
}

function rowOf(entry: Pick<ProfileRow, 'name' | 'file' | 'line'>, { profiles, machines }: Settings): ProfileRow {
  const { name, file, line } = entry;
  const users = [...machines.values()].filter(({ profile }) => profile === name);
  return { name, file, line, os: profiles.get(name)?.os ?? null, machines: users.length };
}

function toSources(texts: readonly ConfigText[]): SourceText[] {
  return texts.map(({ name, text }) => ({ name, text, folder: dirname(resolve(name)) }));
}

function sameText(a: ConfigText, b: ConfigText): boolean {
  return a.name === b.name && a.text === b.text;
}

function inWords({ line, column, message }: TextProblem): string {
  return `line ${line}, column ${column}: ${message}`;
}
