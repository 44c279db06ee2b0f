/** A text without what stands between a scheme and an `@`: `http://user:password@host/` becomes `http://***@host/`. */
export function hidePasswords(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/]*@/gi, '$1***@');
}

/** The same for every text in plain JSON. */
export function hidePasswordsIn<Value>(value: Value): Value {
  if (typeof value === 'string') return hidePasswords(value) as Value;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(hidePasswordsIn) as Value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, hidePasswordsIn(one)])) as Value;
}
