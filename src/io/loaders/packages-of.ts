import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A package of this host. */
export interface HostPackage {
  readonly name: string;
  readonly version: string;
  /** "grub2 2.06-13+deb12u2" */
  readonly source: string;
  /** Other sources that went into it: "grub2 (= 2.06-13+deb12u2)". */
  readonly builtUsing?: string | undefined;
  /** Where its licences should be. */
  readonly licence: string;
}

const FORMAT = ['Package', 'Version', 'source:Package', 'source:Version', 'Built-Using'].map((name) => `\${${name}}`);

/** The packages that files of this host came with, by dpkg; none on other systems, and for files that no package has. */
export async function packagesOf(files: readonly string[]): Promise<readonly HostPackage[]> {
  const names = new Set<string>();
  for (const file of files) {
    const path = await realpath(file).catch(() => file);
    const said = await run('dpkg-query', ['-S', path], { timeout: 60_000 }).catch(() => undefined);
    for (const line of said?.stdout.split('\n') ?? []) {
      const [, owners] = /^(\S[^:]*(?::[a-z0-9]+)?(?:, [^:]*)*): \//.exec(line) ?? [];
      for (const owner of owners?.split(', ') ?? []) if (!owner.startsWith('diversion by')) names.add(owner);
    }
  }
  if (names.size === 0) return [];
  const format = `${FORMAT.join('\\t')}\\n`;
  const shown = await run('dpkg-query', ['-W', '-f', format, ...names], { timeout: 60_000 }).catch(() => undefined);
  return (shown?.stdout.split('\n') ?? []).filter(Boolean).map((line) => {
    const [name = '', version = '', source = name, sourceVersion = version, builtUsing = ''] = line.split('\t');
    return {
      name,
      version,
      source: `${source} ${sourceVersion}`,
      ...(builtUsing !== '' && { builtUsing }),
      licence: `/usr/share/doc/${name}/copyright`,
    };
  });
}
