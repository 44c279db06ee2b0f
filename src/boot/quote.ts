/** A word for POSIX sh, in single quotes. */
export function shellQuote(value: unknown): string {
  return `'${String(value).replaceAll("'", "'\\''")}'`;
}

/**
 * A word for POSIX sh that stays on one line: kickstart ends a script at a line that says `%end`, quoted or not. White
 * space at the end of a text of several lines is lost.
 */
export function shellQuoteLine(value: unknown): string {
  // Python ends a line at more characters than a shell does, and pykickstart is written in Python.
  const text = String(value)
    .replace(/\r\n?/g, '\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced.
    .replace(/[\u0000\u000b\u000c\u001c-\u001e\u0085\u2028\u2029]/g, ' ');
  if (!text.includes('\n')) return shellQuote(text);
  return `"$(printf %b ${shellQuote(text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n'))})"`;
}

/** A word for a kickstart command: pykickstart splits lines as a shell would (Python's shlex). Line breaks become spaces. */
export function kickstartQuote(value: unknown): string {
  return shellQuote(String(value).replace(/[\p{Cc}\u2028\u2029]+/gu, ' '));
}

/** Any value as YAML 1.1 and 1.2, on one line: JSON, without the characters that PyYAML does not take even in quotes. */
export function yamlQuote(value: unknown): string {
  const json = JSON.stringify(value) ?? 'null';
  return json.replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
