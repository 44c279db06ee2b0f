/** What a new profile begins with. */
export const NEW_PROFILE = `new-profile:
  os: debian-12
  # source, kernel, initrd, arguments, answerFile, install: docs/configuration.md tells what each is for
`;

/** A copy of a profile's text, under another name. An anchor stays with the original. */
export function copyOf(text: string, name: string): string {
  return text.replace(
    /^("[^"]*"|'[^']*'|[^\s:]+)(\s*:)([ \t]+&[^\s,{}[\]]+)?/,
    (_all, _key, colon: string) => name + colon,
  );
}

/** A name that is not taken: "rocky-copy", "rocky-copy-2" … */
export function freeName(name: string, taken: readonly string[]): string {
  const first = `${name.slice(0, 50)}-copy`;
  for (let number = 1; ; number++) {
    const wanted = number === 1 ? first : `${first}-${number}`;
    if (!taken.includes(wanted)) return wanted;
  }
}

/** What a profile's text calls it. */
export function nameIn(text: string): string {
  const [, quoted, plain] = /^(?:["']([^"']*)["']|([^\s:#]+))\s*:/m.exec(text) ?? [];
  return quoted ?? plain ?? '';
}
