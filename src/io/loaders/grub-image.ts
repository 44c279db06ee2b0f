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

export interface GrubImageRequest {
  readonly grub: GrubPlatform;
  /** Folder with the platform's modules. */
  readonly folder: string;
  readonly mkimage: string;
  /** What `grub-mkimage --version` says. */
  readonly version: string;
  readonly cacheFolder: string;
  readonly embedded: EmbeddedConfig;
}

export type GrubImage =
  | ({ readonly kind: 'image'; readonly hasHttp: boolean } & CachedImage)
  /** `file` is the one that the host's GRUB lacks, or the reason of grub-mkimage. */
  | { readonly kind: 'impossible'; readonly reason: string };

/** Raised when the options of grub-mkimage below change: part of the key. */
const RECIPE = 1;

/** Makes (or finds in the cache) the image of one platform. Rejects only when the cache folder cannot be written. */
export async function grubImage(request: GrubImageRequest): Promise<GrubImage> {
  const { grub, folder } = request;
  const present = new Set(
    (await readdir(folder)).filter((name) => name.endsWith('.mod')).map((name) => name.slice(0, -4)),
  );
  const lacking = [...REQUIRED_MODULES, grub.net].find((name) => !present.has(name));
  if (lacking !== undefined) return { kind: 'impossible', reason: `${join(folder, `${lacking}.mod`)} is not there` };
  const wanted = [...REQUIRED_MODULES, grub.net, ...COMMON_MODULES, ...grub.modules];
  const modules = wanted.filter((name) => present.has(name));
  try {
    const image = await cachedImage({
      cacheFolder: request.cacheFolder,
      name: grub.folder,
      key: await keyOf(request, modules),
      build: (workFolder, output) => build(request, modules, workFolder, output),
    });
    return { kind: 'image', hasHttp: present.has('http'), ...image };
  } catch (error) {
    const said = (error as { stderr?: string }).stderr;
    if (said === undefined) throw error;
    return { kind: 'impossible', reason: said.trim().split('\n')[0] || (error as Error).message };
  }
}

async function build(request: GrubImageRequest, modules: readonly string[], folder: string, output: string) {
  const { embedded, grub } = request;
  const early = join(folder, 'early.cfg');
  const memdisk = join(folder, 'memdisk.tar');
  await writeFile(early, embedded.early);
  await writeFile(memdisk, encodeTarFile(embedded.scriptName, embedded.script));
  // -m sets a prefix of its own, so -p has to come after it.
  const inputs = ['-d', request.folder, '-c', early, '-m', memdisk, '-p', embedded.prefix];
  await run(request.mkimage, ['-O', grub.format, '-o', output, ...inputs, ...modules], { timeout: 60_000 });
}

/** Digest of everything that goes into the image: tool, options, configuration, and the modules with all they depend on. */
async function keyOf(request: GrubImageRequest, modules: readonly string[]): Promise<string> {
  const { embedded, folder, grub, version } = request;
  const names = await readdir(folder);
  const parts = new Set(await withDependencies(folder, modules).then((all) => all.map((name) => `${name}.mod`)));
  const files = names.filter((name) => parts.has(name) || name.endsWith('.img') || name === 'moddep.lst').sort();
  const digests = await Promise.all(files.map(async (name) => [name, digestOf(await readFile(join(folder, name)))]));
  const inputs = { RECIPE, version, format: grub.format, embedded, modules, digests };
  return digestOf(Buffer.from(JSON.stringify(inputs)));
}

/** moddep.lst has a line "name: other other" for each module. */
async function withDependencies(folder: string, modules: readonly string[]): Promise<readonly string[]> {
  const text = await readFile(join(folder, 'moddep.lst'), 'utf8');
  const needs = new Map(text.split('\n').map((line) => [line.split(':')[0] ?? '', line.split(/[:\s]+/).slice(1)]));
  const all = new Set(modules);
  for (const name of all) for (const other of needs.get(name) ?? []) if (other !== '') all.add(other);
  return [...all];
}
