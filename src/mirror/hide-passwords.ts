/** A text without what stands between a scheme and an `@`: `http://user:password@host/` becomes `http://***@host/`. */
export function hidePasswords(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/]*@/gi, '$1***@');
}

/** Words that may be an upstream's, as they may be shown: without passwords, and without characters that move a terminal's cursor. */
export function wordsToShow(text: string): string {
  return hidePasswords(text).replace(/\p{Cc}/gu, '?');
}

/** The same for every text in plain JSON. */
export function wordsToShowIn<Value>(value: Value): Value {
  if (typeof value === 'string') return wordsToShow(value) as Value;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(wordsToShowIn) as Value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, wordsToShowIn(one)])) as Value;
}
