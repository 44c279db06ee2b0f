import { buildSettings } from './build-settings.ts';
import type { Facts } from './facts.ts';
import { checkImages } from './mac-checks.ts';
import { buildImages, type ReadHead } from './mac-images.ts';
import { checkMachines } from './machine-checks.ts';
import { mergeSources } from './merge.ts';
import { checkMirrors } from './mirror-checks.ts';
import { checkNetworks } from './network-checks.ts';
import { type Finding, type Path, type Problem, sortProblems } from './problem.ts';
import { checkProfiles } from './profile-checks.ts';
import { checkServer } from './server-checks.ts';
import type { Settings } from './settings.ts';
import { validate } from './validate.ts';
import { readYaml, type SourceText } from './yaml-source.ts';

export interface ParseOptions {
  /** The product's own folder, absolute: built-in templates are below it. */
  readonly productFolder: string;
  /** The files' absolute paths, for `Settings.files`. */
  readonly files?: readonly string[] | undefined;
  /** For what images say of themselves; absent: nothing is looked at. */
  readonly readHead?: ReadHead | undefined;
}

/** A configuration that was read, right or not. */
export interface Parsed {
  /** All that fits. It is the configuration only if no problem is an error. */
  readonly settings: Settings;
  /** Sorted; errors and warnings. */
  readonly problems: readonly Problem[];
  /**
   * Whether everything fits the schema, so that `settings` lacks nothing that is written. Checks that need the whole
   * (rendering templates) would otherwise report what only follows from an error that is told already.
   */
  readonly isComplete: boolean;
  /** Puts a later check's finding at its place. */
  place(finding: Finding): Problem;
}

/** What a configuration comes to: everything wrong with it at once, or settings. */
export type ParseResult =
  | { readonly kind: 'settings'; readonly settings: Settings; readonly warnings: readonly Problem[] }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

/** Reads a configuration from the texts of its files, in their order. Never throws; touches no file but through `readHead`. */
export function parseSources(texts: readonly SourceText[], options: ParseOptions): Parsed {
  const sources = texts.map(readYaml);
  const merged = mergeSources(sources);
  const written = (merged.data.networks ?? {}) as object;
  const networkCount = Object.keys(written).length;
  const { config, findings } = validate(merged.data);
  const facts: Facts = {
    config,
    has: merged.has,
    where: merged.where,
    allNetworksFit: sources.every((source) => source.data) && Object.keys(config.networks).length === networkCount,
  };
  const meant = sources.every((source) => source.data)
    ? [checkServer, checkNetworks, checkProfiles, checkMirrors, checkMachines, checkImages].flatMap((check) =>
        check(facts),
      )
    : [];
  const built = buildImages(config, { folderOf: merged.folderOf, readHead: options.readHead });
  const all = [...findings, ...meant, ...built.findings];
  const problems = sortProblems([...merged.problems, ...all.map(merged.place)]);
  const whereIs = (path: Path) => (merged.has(path) ? merged.where(path) : undefined);
  const folders = { product: options.productFolder, folderOf: merged.folderOf, whereIs };
  return {
    settings: buildSettings(config, folders, options.files ?? [], built.images),
    problems,
    isComplete: merged.problems.length === 0 && findings.length === 0,
    place: merged.place,
  };
}

/** All or nothing: settings with warnings, or every problem. */
export function parseSettings(texts: readonly SourceText[], options: ParseOptions): ParseResult {
  const { settings, problems } = parseSources(texts, options);
  return resultOf(settings, problems);
}

export function resultOf(settings: Settings, problems: readonly Problem[]): ParseResult {
  return problems.some((problem) => problem.severity === 'error')
    ? { kind: 'problems', problems }
    : { kind: 'settings', settings, warnings: problems };
}
