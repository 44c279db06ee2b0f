import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { LoaderCatalog } from '../../src/boot/loaders.ts';
import type { Emit } from '../../src/event/event.ts';
import { type LoaderTools, openLoaders } from '../../src/io/loaders/open-loaders.ts';
import { COMMON_MODULES, REQUIRED_MODULES } from '../../src/io/loaders/platforms.ts';

export interface FakeGrubHost {
  readonly folder: string;
  readonly cacheFolder: string;
  readonly tools: LoaderTools;
  readonly events: string[];
  readonly open: (script?: string, servers?: readonly string[]) => Promise<LoaderCatalog>;
  /** How often the fake grub-mkimage made an image. */
  readonly builds: () => Promise<number>;
}

/** Prints a version, or notes the call and writes an image that says what it was made of. */
export const goodTool = `#!/bin/sh
case "$1" in --version) echo "fake 1"; exit;; esac
echo "$*" >> "$(dirname "$0")/calls"
echo "image for $2" > "$4"
`;

export async function put(path: string, contents: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contents);
}

/** Puts both images behind each other, as the real one does behind a header. */
const goodGlue = `#!/bin/sh
cat "$2" "$4" > "$6"
`;

/** A host with GRUB for these platforms (BIOS unless said otherwise), and fakes of the tools that make images. */
export async function fakeGrubHost(t: TestContext, ...platforms: readonly string[]): Promise<FakeGrubHost> {
  const folder = await mkdtemp(join(tmpdir(), 'loaders-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const mkimage = join(folder, 'tool/grub-mkimage');
  await put(mkimage, goodTool);
  await chmod(mkimage, 0o755);
  const glue = join(folder, 'tool/grub-glue-efi');
  await put(glue, goodGlue);
  await chmod(glue, 0o755);
  for (const platform of platforms.length > 0 ? platforms : ['i386-pc']) {
    const grub = join(folder, 'root/usr/lib/grub', platform);
    for (const name of [...REQUIRED_MODULES, ...COMMON_MODULES, 'pxe', 'efinet', 'extra', 'dependency'])
      await put(join(grub, `${name}.mod`), `module ${name}`);
    await put(join(grub, 'moddep.lst'), 'normal: extcmd dependency\npxe: net\n');
    await put(join(grub, 'kernel.img'), 'kernel');
  }
  const events: string[] = [];
  const emit: Emit = (id, _subject, data) => events.push(`${id} ${(data as { platform: string }).platform}`);
  const tools = { mkimage: [join(folder, 'no-such-tool'), mkimage], glue, root: join(folder, 'root') };
  const cacheFolder = join(folder, 'cache');
  const open = (script = 'exit\n', servers: readonly string[] = []) =>
    openLoaders({
      ...{ cacheFolder, emit, tools, servers },
      embedded: (kind, server) => ({
        early: 'configfile x\n',
        scriptName: 'x',
        script: `${script}# ${kind} ${server}`,
        prefix: '/boot/grub',
      }),
    });
  const calls = () => readFile(join(folder, 'tool/calls'), 'utf8').catch(() => '');
  return { folder, cacheFolder, tools, events, open, builds: async () => (await calls()).split('\n').length - 1 };
}

export function imagePath(catalog: LoaderCatalog): string {
  return catalog.files.get('boot/grub/i386-pc/core.0') ?? '';
}
