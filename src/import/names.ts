/** Names as the configuration takes them, each once: letters, digits, ".", "_" and "-", at most 63. */
export function uniqueNames(wanted: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  const taken = new Set<string>();
  return wanted.map((name) => {
    const clean = cleanName(name);
    let unique = clean;
    for (let number = counts.get(clean) ?? 2; taken.has(unique); number++) {
      unique = `${clean.slice(0, 52)}-${number}`;
      counts.set(clean, number + 1);
    }
    taken.add(unique);
    return unique;
  });
}

/** Machines are called by the first part of their names, where that is enough to tell them apart. */
export function machineNames(wanted: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  const first = (name: string) => name.split('.')[0] ?? name;
  for (const name of wanted) counts.set(first(name), (counts.get(first(name)) ?? 0) + 1);
  return uniqueNames(wanted.map((name) => (counts.get(first(name)) === 1 ? first(name) : name)));
}

function cleanName(name: string): string {
  const clean = name
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 63);
  // An object would not keep this as a key of its own.
  return clean === '' ? 'unnamed' : clean;
}

/** A host name without dots, made of a name; undefined when nothing of it can be one. */
export function hostLabel(name: string): string | undefined {
  const label = (name.split('.')[0] ?? '')
    .replaceAll(/[^A-Za-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63)
    .replace(/-+$/, '');
  return label === '' ? undefined : label;
}
