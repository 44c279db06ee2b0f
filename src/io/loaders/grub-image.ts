import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type CachedImage, cachedImage, digestOf } from './image-cache.ts';
import { COMMON_MODULES, type GrubPlatform, REQUIRED_MODULES } from './platforms.ts';
import { encodeTarFile } from './tar.ts';

const run = promisify(execFile);

/** The configuration inside an image, rendered by src/boot/grub-embedded.ts. */
export interface EmbeddedConfig {
  /** Run by GRUB's rescue parser. */
  readonly early: string;
  /** A file of the memory disk, by name and text. */
  readonly scriptName: string;
  readonly script: string;
  /** "/boot/grub" */
  readonly prefix: string;
}

export interface GrubMakerOptions {
  readonly grub: GrubPlatform;
  /** Folder with the platform's modules. */
  readonly folder: string;
  readonly mkimage: string;
  /** What `grub-mkimage --version` says. */
  readonly version: string;
  readonly cacheFolder: string;
}

/** One platform's GRUB on this host, ready to be made into images. */
export type GrubMaker =
  | {
      readonly kind: 'ready';
      readonly hasHttp: boolean;
      /** Makes an image, or finds it in the cache under `name`. Rejects only when the cache folder cannot be written. */
      make(name: string, embedded: EmbeddedConfig): Promise<GrubImage>;
    }
  /** The reason names the file that the host's GRUB lacks. */
  | { readonly kind: 'impossible'; readonly reason: string };

export type GrubImage =
  | ({ readonly kind: 'image' } & CachedImage)
  /** The reason is grub-mkimage's own. */
  | { readonly kind: 'impossible'; readonly reason: string };

/** Raised when the options of grub-mkimage below change: part of the key. */
const RECIPE = 1;

/** Looks at the host's GRUB for a platform: which modules go into an image, and the digest of all of them. */
export async function openGrubMaker(options: GrubMakerOptions): Promise<GrubMaker> {
  const { grub, folder } = options;
  const present = new Set(
    (await readdir(folder)).filter((name) => name.endsWith('.mod')).map((name) => name.slice(0, -4)),
  );
  const lacking = [...REQUIRED_MODULES, grub.net].find((name) => !present.has(name));
  if (lacking !== undefined) return { kind: 'impossible', reason: `${join(folder, `${lacking}.mod`)} is not there` };
  const wanted = [...REQUIRED_MODULES, grub.net, ...COMMON_MODULES, ...grub.modules];
  const modules = wanted.filter((name) => present.has(name));
  const digests = await digestModules(folder, modules);
  return {
    kind: 'ready',
    hasHttp: present.has('http'),
    make: (name, embedded) => make(options, { name, embedded, modules, digests }),
  };
}

interface Wish {
  readonly name: string;
  readonly embedded: EmbeddedConfig;
  readonly modules: readonly string[];
  readonly digests: readonly (readonly string[])[];
}

async function make(options: GrubMakerOptions, wish: Wish): Promise<GrubImage> {
  const { embedded, modules, digests } = wish;
  // Everything that goes into the image: tool, options, configuration, and the modules with all they depend on.
  const inputs = { RECIPE, version: options.version, format: options.grub.format, embedded, modules, digests };
  try {
    const image = await cachedImage({
      cacheFolder: options.cacheFolder,
      name: wish.name,
      key: digestOf(Buffer.from(JSON.stringify(inputs))),
      build: (workFolder, output) => build(options, wish, workFolder, output),
    });
    return { kind: 'image', ...image };
  } catch (error) {
    const said = (error as { stderr?: string }).stderr;
    if (said === undefined) throw error;
    return { kind: 'impossible', reason: said.trim().split('\n')[0] || (error as Error).message };
  }
}

async function build(options: GrubMakerOptions, { embedded, modules }: Wish, folder: string, output: string) {
  const early = join(folder, 'early.cfg');
  const memdisk = join(folder, 'memdisk.tar');
  await writeFile(early, embedded.early);
  await writeFile(memdisk, encodeTarFile(embedded.scriptName, embedded.script));
  // -m sets a prefix of its own, so -p has to come after it.
  const inputs = ['-d', options.folder, '-c', early, '-m', memdisk, '-p', embedded.prefix];
  await run(options.mkimage, ['-O', options.grub.format, '-o', output, ...inputs, ...modules], { timeout: 60_000 });
}

/** Name and digest of each file that grub-mkimage may read. */
async function digestModules(folder: string, modules: readonly string[]): Promise<readonly (readonly string[])[]> {
  const names = await readdir(folder);
  const parts = new Set(await withDependencies(folder, modules).then((all) => all.map((name) => `${name}.mod`)));
  const files = names.filter((name) => parts.has(name) || name.endsWith('.img') || name === 'moddep.lst').sort();
  return Promise.all(files.map(async (name) => [name, digestOf(await readFile(join(folder, name)))]));
}

/** moddep.lst has a line "name: other other" for each module. */
async function withDependencies(folder: string, modules: readonly string[]): Promise<readonly string[]> {
  const text = await readFile(join(folder, 'moddep.lst'), 'utf8');
  const needs = new Map(text.split('\n').map((line) => [line.split(':')[0] ?? '', line.split(/[:\s]+/).slice(1)]));
  const all = new Set(modules);
  for (const name of all) for (const other of needs.get(name) ?? []) if (other !== '') all.add(other);
  return [...all];
}
