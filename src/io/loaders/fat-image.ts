import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type CachedImage, cachedImage, digestOf } from './image-cache.ts';

const run = promisify(execFile);

export interface FatImageRequest {
  /** Name or path of grub-glue-efi. */
  readonly glue: string;
  /** Absolute paths of the two images. */
  readonly efi32: string;
  readonly efi64: string;
  readonly cacheFolder: string;
  readonly name: string;
}

/**
 * Both images in one file, of which Apple's firmware takes the one that it can run ("universal EFI", BSDP notes section
 * 4.2). Other firmware does not know the format. Returns the reason when the tool is not there or fails.
 */
export async function fatImage(request: FatImageRequest): Promise<CachedImage | { readonly reason: string }> {
  const { glue, efi32, efi64, cacheFolder, name } = request;
  const digests = await Promise.all([efi32, efi64].map(async (path) => digestOf(await readFile(path))));
  try {
    return await cachedImage({
      cacheFolder,
      name,
      key: digestOf(Buffer.from(JSON.stringify(['fat', ...digests]))),
      build: async (_folder, output) => {
        await run(glue, ['-3', efi32, '-6', efi64, '-o', output], { timeout: 60_000 });
      },
    });
  } catch (error) {
    const { stderr, path } = error as { stderr?: string; path?: string };
    // What went wrong in the cache folder is not the tool's fault.
    if (stderr === undefined && path !== glue) throw error;
    return { reason: stderr?.trim().split('\n')[0] || `the program ${glue} is not there` };
  }
}
