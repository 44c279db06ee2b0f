/**
 * A text without the one-time tokens of grants, for events: in URLs and file names they stand behind "answer/" and "report/".
 * What a machine asks for, logs or reports may name its own URL, by any protocol and in any spelling.
 */
export function hideTokens(text: string): string {
  return text.replace(/((?:^|[/\\]|%2f)(?:answer|report)(?:[/\\]|%2f)+)[^/\\\s"'<>]+/gi, '$1…');
}
