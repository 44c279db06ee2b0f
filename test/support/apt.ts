import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ended, runProgram } from './segment.ts';
import { newFolder } from './server.ts';

/** A .deb that a test makes: it has one file, `/opt/NAME`. */
export interface DebSpec {
  readonly name: string;
  readonly version?: string;
  readonly architecture?: string;
  /** Further lines of control. */
  readonly extra?: string;
  /** As dpkg-deb calls it. */
  readonly compression?: 'xz' | 'gzip' | 'zstd' | 'none';
  readonly contents?: string;
}

/** Makes it in a folder as NAME_VERSION_ARCHITECTURE.deb (without the epoch), and returns its path. */
export async function makeDeb(folder: string, spec: DebSpec): Promise<string> {
  const { name, version = '1', architecture = 'amd64', extra = '', compression = 'xz' } = spec;
  const work = newFolder('deb');
  mkdirSync(join(work, 'DEBIAN'), { mode: 0o755 });
  mkdirSync(join(work, 'opt'), { mode: 0o755 });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(work, 'opt', name), spec.contents ?? `${name}\n`);
  const head = `Package: ${name}\nVersion: ${version}\nArchitecture: ${architecture}\nMaintainer: A <a@example.org>\n`;
  writeFileSync(join(work, 'DEBIAN/control'), `${head}${extra}Description: short naïve\n Longer.\n .\n  Indented.\n`);
  const file = join(folder, `${name}_${version.replace(/^[0-9]+:/, '')}_${architecture}.deb`);
  const ran = await runProgram(['dpkg-deb', '--root-owner-group', `-Z${compression}`, '-b', work, file]);
  assert.equal(ran.code, 0, ran.text);
  return file;
}

/** A system of its own for apt and dpkg, in a folder: nothing of the host's sources, keys or packages. */
export interface AptRoot {
  readonly folder: string;
  run(program: string, ...args: string[]): Promise<Ended>;
  /** The same; it has to end well. */
  must(program: string, ...args: string[]): Promise<Ended>;
}

/** `prefix`: goes before each command, to run it in another network namespace. */
export function openAptRoot(
  sources: string,
  options: { prefix?: readonly string[]; keyring?: Uint8Array } = {},
): AptRoot {
  const folder = newFolder('apt-root');
  for (const name of [
    'etc/apt/apt.conf.d',
    'etc/apt/preferences.d',
    'etc/apt/trusted.gpg.d',
    'etc/apt/sources.list.d',
  ]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  for (const name of [
    'var/lib/apt/lists/partial',
    'var/cache/apt/archives/partial',
    'var/lib/dpkg/info',
    'var/log/apt',
  ]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  for (const name of ['updates', 'triggers']) mkdirSync(join(folder, 'var/lib/dpkg', name), { recursive: true });
  writeFileSync(join(folder, 'var/lib/dpkg/status'), '');
  writeFileSync(join(folder, 'etc/apt/sources.list'), sources);
  if (options.keyring) writeFileSync(join(folder, 'etc/apt/trusted.gpg.d/test.gpg'), options.keyring);
  const config = join(folder, 'apt.conf');
  const lines = {
    Dir: folder,
    'Dir::State::status': join(folder, 'var/lib/dpkg/status'),
    'APT::Architecture': 'amd64',
    'APT::Architectures': 'amd64',
    'APT::Sandbox::User': 'root',
    'APT::Install-Recommends': 'false',
    'Acquire::Retries': '0',
    'Acquire::Languages': 'none',
    'Dpkg::Use-Pty': 'false',
    'DPkg::Path': '/usr/sbin:/usr/bin:/sbin:/bin',
  };
  const dpkgOptions = `DPkg::Options { "--root=${folder}"; "--force-not-root"; "--force-script-chrootless"; "--log=${folder}/dpkg.log"; };\n`;
  const text = Object.entries(lines).map(([name, value]) => `${name} "${value}";\n`);
  writeFileSync(config, `${text.join('')}${dpkgOptions}`);
  const run = (program: string, ...args: string[]): Promise<Ended> => {
    const own = program.startsWith('dpkg') ? [`--admindir=${folder}/var/lib/dpkg`, ...args] : args;
    // The host's configuration is read before APT_CONFIG can say otherwise.
    return runProgram(
      [...(options.prefix ?? []), 'env', `APT_CONFIG=${config}`, 'LC_ALL=C.UTF-8', program, ...own],
      120_000,
    );
  };
  return {
    folder,
    run,
    must: async (program, ...args) => {
      const ran = await run(program, ...args);
      assert.equal(ran.code, 0, `${program} ${args.join(' ')}\n${ran.text}`);
      return ran;
    },
  };
}
