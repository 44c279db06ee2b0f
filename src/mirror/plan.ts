/** Checksums that metadata name, the strongest first. `md5` and `sha1` are never enough to trust a file by. */
export type HashName = 'sha512' | 'sha384' | 'sha256' | 'sha1' | 'md5';

export interface Digest {
  readonly algorithm: HashName;
  /** Lower case. */
  readonly hex: string;
}

/** What a file is to an installation. */
export type FileRole = 'metadata' | 'package' | 'boot' | 'other';

/** A file of an upstream tree, as its metadata describe it. */
export interface PlannedFile {
  /** Relative to the tree's root, decoded, without `..`, `.` or empty parts. */
  readonly path: string;
  /** Further names of the same content: by-hash paths. */
  readonly aliases?: readonly string[];
  /** Bytes; undefined where no metadata say so (then `maxBytes` of whoever fetches bounds it). */
  readonly bytes?: number | undefined;
  /** Empty: only an entry file, which a signature or nothing vouches for. */
  readonly digests: readonly Digest[];
  readonly role: FileRole;
  /** Whether a tree without it is whole. */
  readonly isOptional: boolean;
}

/** Everything that a tree consists of, out of one consistent set of metadata. */
export interface Plan {
  readonly files: readonly PlannedFile[];
  /**
   * Files that switch clients to this state, in the order in which they must appear, the last one last: `repomd.xml.asc` before
   * `repomd.xml`; `Release.gpg`, `Release`, then `InRelease`. Their contents are in `contents`.
   */
  readonly entries: readonly string[];
  /** Bytes of the entry files and of metadata that planning had to read whole, by path. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  /** What upstream calls this state (repomd's revision, Release's Date as ISO 8601), to see a roll-back by. */
  readonly revision: string;
  /** Milliseconds since 1970 after which clients refuse it (Valid-Until). */
  readonly validUntil?: number | undefined;
  /** What the operator should know of it, in sentences. */
  readonly remarks: readonly string[];
  /** Why a person should look at it before it is published, in sentences that stay the same from state to state. */
  readonly doubts?: readonly string[] | undefined;
}

/** How planning reads the upstream. Rejects with ProvisionError when it cannot be had or is not what it should be. */
export interface UpstreamReader {
  /** A small file, whole. `absent`: the upstream says that there is none (404). `expect` is checked before it is handed over. */
  read(
    path: string,
    options: { readonly maxBytes: number; readonly expect?: PlannedFile },
  ): Promise<Uint8Array | 'absent'>;
  /** A large file in pieces, already decompressed by the suffix of its name; checked against `expect` at its end, when it rejects. */
  stream(
    path: string,
    options: { readonly maxBytes: number; readonly maxOpenBytes: number; readonly expect: PlannedFile },
  ): AsyncIterable<Uint8Array>;
}

/** Who signed, by full fingerprint; or why nobody did. */
export type SignatureCheck =
  | { readonly kind: 'good'; readonly fingerprints: readonly string[] }
  | { readonly kind: 'bad' | 'unknown-key' | 'unsigned'; readonly reason: string }
  /** `inTime`: fingerprints of keys that had not expired yet when they signed. */
  | { readonly kind: 'expired'; readonly reason: string; readonly inTime?: readonly string[] | undefined };

/** Checks OpenPGP signatures (gpgv). `detached` undefined: clear-signed. */
export interface SignatureChecker {
  verify(content: Uint8Array, detached: Uint8Array | undefined): Promise<SignatureCheck>;
}
