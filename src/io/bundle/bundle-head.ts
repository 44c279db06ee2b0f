import { createHash } from 'node:crypto';
import { z } from 'zod';
import { pathInTree } from '../../mirror/tree-path.ts';
import { loaderSet } from '../loaders/loader-set.ts';
import { refused } from './read-tar.ts';

/** The newest version of the format that is known here. */
const NEWEST = 2;

/** The first file of an archive. */
export const HEAD_NAME = 'bundle.json';
/** The second one: the first one's checksum, as sha256sum(1) takes it. */
export const HEAD_SUM_NAME = `${HEAD_NAME}.sha256`;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const bytes = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/);
const treePath = z.string().refine((path) => pathInTree('', path) === path);
const values = z.record(z.string(), z.unknown());

const content = z.strictObject({ sha256, bytes });

const file = z.strictObject({
  /** Its own name, in a folder of the bundle's files. */
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$/),
  /** The entry and the key of the configuration that name it; a key that is named more than once is a list. */
  section: z.enum(['profiles', 'mirrors']),
  entry: name,
  key: z.enum(['answerFile', 'kernel', 'initrd', 'iso', 'keys']),
  sha256,
  bytes,
});

const snapshot = z.strictObject({
  id: z.string().regex(/^[0-9]{8}T[0-9]{6}-[0-9a-f]{6}$/),
  at: z.number(),
  revision: z.string(),
  size: z.strictObject({ files: bytes, bytes, packages: bytes, unverified: bytes }),
  entries: z.array(treePath),
  boot: z.record(treePath, sha256),
  validUntil: z.number().optional(),
  remarks: z.array(z.string()),
});

const head = z.strictObject({
  format: z.literal('rackready bundle'),
  /** 1: without loaders. */
  version: z.union([z.literal(1), z.literal(2)]),
  /** Version of rackready that wrote it. */
  madeBy: z.string(),
  profile: z.strictObject({ name, values }),
  mirrors: z.array(z.strictObject({ name, values, snapshot, manifest: content })),
  files: z.array(file),
  /** What firmware is sent, for hosts that have none of their own. */
  loaders: z.array(loaderSet).default([]),
  /** What is not in it, in sentences. */
  leftOut: z.array(z.string()),
});

/**
 * What a bundle consists of. Everything else in the archive is a content, named by its SHA-256: the manifests of the snapshots, the
 * files, and what the manifests name.
 */
export type BundleHead = z.output<typeof head>;
export type BundleFile = BundleHead['files'][number];
export type BundleMirror = BundleHead['mirrors'][number];

export function formatHead(value: BundleHead): string {
  return `${JSON.stringify(value, undefined, 1)}\n`;
}

/** Throws ProvisionError `bundle-refused`. */
export function parseHead(text: string): BundleHead {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused(`its ${HEAD_NAME} is no JSON`);
  }
  const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown };
  if (format === 'rackready bundle' && typeof version === 'number' && version > NEWEST) {
    throw refused(`it is of version ${version}, which this rackready does not know: take a newer rackready`);
  }
  const parsed = head.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refused(`its ${HEAD_NAME} is not as it should be, at ${issue?.path.join('.') || 'its top'}`);
  }
  const names = parsed.data.files.map((one) => one.name);
  const loaders = parsed.data.loaders.map(({ platform, loader }) => `${loader} for ${platform}`);
  for (const all of [names, loaders])
    if (new Set(all).size < all.length) throw refused(`its ${HEAD_NAME} names a file twice`);
  return parsed.data;
}

export function headSum(head: Uint8Array): string {
  return `${createHash('sha256').update(head).digest('hex')}  ${HEAD_NAME}\n`;
}

export function contentName(sum: string): string {
  return `objects/${sum}`;
}

/** The SHA-256 behind a name in the archive; undefined: it is no content. */
export function contentOf(entryName: string): string | undefined {
  return /^objects\/([0-9a-f]{64})$/.exec(entryName)?.[1];
}
