import { kickstartQuote, shellQuote, shellQuoteLine, yamlQuote } from '../boot/quote.ts';
import { grubQuote } from '../boot/render-grub.ts';
import type { Machine } from '../machine/machine.ts';
import type { Settings } from './settings.ts';

/** Hides secrets in text that is shown. */
export type Mask = (text: string) => string;

const HIDDEN = '********';
/** crypt(5) hashes, wherever they come from. */
const HASH = /\$(?:[1-9]|5|6|y|gy|2[aby])\$[./A-Za-z0-9$=,]{8,}/g;
/** Names of the operator's own values that are likely secrets. */
const SECRET_NAME = /pass(word|wd|phrase)?|secret|token|credential|private|(api|auth|encryption)_?key/i;

/** Hides password hashes, and the operator's values whose names sound secret. By the settings that the text was made with. */
export function createMask({ defaults }: Pick<Settings, 'defaults'>, { vars }: Pick<Machine, 'vars'>): Mask {
  const secrets = secretValues(vars);
  if (defaults.rootPasswordHash !== undefined) secrets.push(defaults.rootPasswordHash);
  // Longest first, so that no value is cut in two by one that it holds.
  const known = [...new Set(secrets.flatMap(formsOf))].toSorted((a, b) => b.length - a.length);
  return (text) => known.reduce((masked, secret) => masked.replaceAll(secret, HIDDEN), text).replace(HASH, HIDDEN);
}

/** As the filters of templates write a value: without what they put around it, which others may put there by themselves. */
function formsOf(secret: string): string[] {
  const quoted = [shellQuote, shellQuoteLine, kickstartQuote, grubQuote, yamlQuote, JSON.stringify].map((quote) =>
    quote(secret),
  );
  return [secret, ...quoted, ...quoted.map((text) => text.slice(1, -1))].filter((text) => text.length >= LEAST_SECRET);
}

/** Shorter ones hide nothing, and their hiding would spoil every text. */
const LEAST_SECRET = 4;

function secretValues(value: unknown, isSecret = false): string[] {
  if (value === null || value === undefined || typeof value === 'boolean') return [];
  if (typeof value !== 'object') return isSecret && String(value).length >= LEAST_SECRET ? [String(value)] : [];
  return Object.entries(value).flatMap(([key, inner]) => secretValues(inner, isSecret || SECRET_NAME.test(key)));
}
