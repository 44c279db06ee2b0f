import { z } from 'zod';
import { loaderOfPath, neededPaths } from './loader-path.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** Loaders are small; an archive that was made to fill a disk is refused by this. */
const bytes = z
  .number()
  .int()
  .nonnegative()
  .max(64 * 1024 * 1024);
const text = z.string().max(1000);

const loaderPackage = z.strictObject({
  /** Debian's rules for names and versions (policy 5.6.1, 5.6.12): both are names of files, too. */
  name: z.string().regex(/^[a-z0-9][a-z0-9+.-]{1,100}$/),
  version: z.string().regex(/^[0-9][A-Za-z0-9.+:~-]{0,100}$/),
  /** The source package and its version: what the licence asks to name. */
  source: text,
  /** Other sources that went into it, with their versions: those of a signed loader. */
  builtUsing: text.optional(),
  /** The package's file with its licences. */
  licence: z.strictObject({ sha256, bytes }).optional(),
});

const loaderFile = z.strictObject({
  /** As machines ask for it, below the boot root. */
  path: z.string(),
  /** An image that knows this address of the host that hands it out. */
  address: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3}){3}$/)
    .optional(),
  sha256,
  bytes,
});

/** A loader of one platform with all its files, as archives have it. It is taken whole or not: its parts fit each other only. */
export const loaderSet = z
  .strictObject({
    platform: z.enum(['bios-x86', 'uefi-x64', 'uefi-ia32', 'uefi-arm64']),
    loader: z.enum(['grub', 'shim', 'ipxe']),
    /** Whether it is a GRUB that speaks HTTP. */
    hasHttp: z.boolean(),
    /** The packages that its files are from, as far as the host knew. */
    packages: z.array(loaderPackage).max(20),
    files: z.array(loaderFile).max(2000),
  })
  .refine((set) => set.files.every(({ path }) => isOf(set, path)), 'a file that does not belong to it')
  .refine(
    ({ files }) => new Set(files.map(({ path, address }) => `${address} ${path}`)).size === files.length,
    'a file twice',
  )
  .refine(
    (set) =>
      neededPaths(set).every((path) => set.files.some((file) => file.path === path && file.address === undefined)),
    'a file is missing',
  );

export type LoaderSet = z.output<typeof loaderSet>;
export type LoaderPackage = LoaderSet['packages'][number];

function isOf({ platform, loader }: { platform: string; loader: string }, path: string): boolean {
  const own = loaderOfPath(path);
  return own?.platform === platform && own.loader === loader;
}

/** Everything that a set consists of: content by SHA-256, and its length. */
export function contentsOf({ files, packages }: LoaderSet): ReadonlyMap<string, number> {
  const licences = packages.flatMap(({ licence }) => licence ?? []);
  return new Map([...files, ...licences].map((one) => [one.sha256, one.bytes]));
}

/** "grub-pc-bin 2.06-13+deb12u2" */
export function packageText({ name, version }: LoaderPackage): string {
  return `${name} ${version}`;
}
