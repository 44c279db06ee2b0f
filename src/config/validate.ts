import type { z } from 'zod';
import { errorAt, type Finding, type Path, type PathStep } from './problem.ts';
import { type Config, configSchema } from './schema.ts';

/** The configuration by the schema, with everything that does not fit left out, and what did not fit. */
export interface Validated {
  readonly config: Config;
  readonly findings: readonly Finding[];
}

/** How often leaving out can uncover a next level: at most the depth of the schema. */
const maxRounds = 10;

/**
 * Checks data against the schema. Where it does not fit, the part is reported and left out, so that the checks of
 * meaning can still run over the rest and everything is told at once. Changes `data`.
 */
export function validate(data: Record<string, unknown>): Validated {
  const findings: Finding[] = [];
  for (let round = 0; round < maxRounds; round++) {
    const result = configSchema.safeParse(data);
    if (result.success) return { config: result.data, findings };
    // What later rounds find follows from what the first one left out.
    if (round === 0) findings.push(...result.error.issues.flatMap(findingsOf));
    for (const issue of result.error.issues) leaveOut(data, issue);
  }
  return { config: configSchema.parse({}), findings };
}

function findingsOf(issue: z.core.$ZodIssue): Finding[] {
  const path = stepsOf(issue.path);
  if (issue.code !== 'unrecognized_keys')
    return [errorAt(path, issue.message, issue.code === 'invalid_key' ? 'key' : 'value')];
  const messages = issue.message.split('\n');
  return issue.keys.map((key, index) => errorAt([...path, key], messages[index] ?? issue.message, 'key'));
}

function leaveOut(data: Record<string, unknown>, issue: z.core.$ZodIssue): void {
  const path = stepsOf(issue.path);
  if (issue.code !== 'unrecognized_keys') removeAt(data, path);
  else for (const key of issue.keys) removeAt(data, [...path, key]);
}

/**
 * Removes the value at a path. A list goes as a whole, so that no index moves; where a required key is missing,
 * the map that it is missing from goes.
 */
function removeAt(data: Record<string, unknown>, path: Path): void {
  let holder: unknown = data;
  let remove = () => {};
  for (const key of path) {
    if (holder === null || typeof holder !== 'object' || Array.isArray(holder) || !Object.hasOwn(holder, key)) break;
    const map = holder;
    remove = () => Reflect.deleteProperty(map, key);
    holder = (holder as Record<string, unknown>)[key];
  }
  remove();
}

function stepsOf(path: readonly PropertyKey[]): PathStep[] {
  return path.map((step) => (typeof step === 'number' ? step : String(step)));
}
