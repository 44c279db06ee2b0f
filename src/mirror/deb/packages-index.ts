import { parseParagraph } from '../apt/deb822.ts';
import { broken } from '../failure.ts';

/** A package where it lies in an archive. */
export interface PlacedDeb {
  /** From the archive's root. */
  readonly path: string;
  readonly bytes: number;
  readonly md5: string;
  readonly sha256: string;
  readonly control: DebControl;
}

export interface DebControl {
  readonly name: string;
  readonly version: string;
  /** `amd64`, or `all`. */
  readonly architecture: string;
  /** The paragraph without what the index itself says; ends in a newline. */
  readonly text: string;
}

/** What an index says of a package, and no package of itself. */
const OF_THE_INDEX = /^(?:filename|size|md5sum|sha1|sha256|sha512)$/;

/** Reads DEBIAN/control (deb-control(5)). Throws `upstream-failed` that names `file`. */
export function readControl(file: string, text: string): DebControl {
  const fields = parseParagraph(file, text);
  const need = (name: string, shape: RegExp): string => {
    const value = fields.get(name) ?? '';
    if (!shape.test(value)) throw broken(file, `its ${name} is "${value.slice(0, 80)}"`);
    return value;
  };
  const lines: string[] = [];
  let isLeftOut = false;
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (!/^[ \t]/.test(line)) isLeftOut = OF_THE_INDEX.test(line.slice(0, line.indexOf(':')).toLowerCase());
    if (!isLeftOut) lines.push(`${line.trimEnd()}\n`);
  }
  return {
    name: need('package', /^[a-z0-9][a-z0-9.+-]+$/i),
    version: need('version', /^[A-Za-z0-9.+:~-]+$/),
    architecture: need('architecture', /^[a-z0-9-]+$/),
    text: lines.join(''),
  };
}

/** A Packages file, as apt-ftparchive writes it: an empty line ends each package, debootstrap does not see the last one without. */
export function packagesText(packages: readonly PlacedDeb[]): string {
  return packages
    .map(
      ({ control, path, bytes, md5, sha256 }) =>
        `${control.text}Filename: ${path}\nSize: ${bytes}\nMD5sum: ${md5}\nSHA256: ${sha256}\n\n`,
    )
    .join('');
}

/** What a Release file says of the archive. */
export interface ReleaseHead {
  readonly suite: string;
  readonly component: string;
  readonly architectures: readonly string[];
  /** Milliseconds since 1970. */
  readonly date: number;
}

/** `files`: from the folder of the Release file. */
export function releaseText(
  head: ReleaseHead,
  files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[],
): string {
  const lines = files.map(({ path, bytes, sha256 }) => ` ${sha256} ${bytes} ${path}\n`);
  return `Suite: ${head.suite}
Codename: ${head.suite}
Date: ${new Date(head.date).toUTCString().replace('GMT', 'UTC')}
Acquire-By-Hash: yes
Architectures: ${head.architectures.join(' ')}
Components: ${head.component}
SHA256:
${lines.join('')}`;
}
