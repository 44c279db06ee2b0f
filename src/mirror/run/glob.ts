/** Whether a path fits one of the patterns: `*` stands for anything but a slash, `**` for anything; a pattern without a slash is compared with the last part. */
export function fitsGlob(path: string, patterns: readonly string[]): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return patterns.some((pattern) => toRegExp(pattern).test(pattern.includes('/') ? path : name));
}

function toRegExp(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  const body = escaped.replace(/\*\*|\*|\?/g, (mark) => (mark === '**' ? '.*' : mark === '*' ? '[^/]*' : '[^/]'));
  return new RegExp(`^/?${body.replace(/^\//, '')}$`);
}
