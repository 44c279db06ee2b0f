/** Bytes of a logical block (ECMA-119 section 6.1.2); media with others are not made. */
export const SECTOR = 2048;

/** Where on the medium something lies. */
export interface Extent {
  readonly offset: number;
  readonly bytes: number;
}

/** How names are written. */
export type NameKind = 'rock-ridge' | 'joliet' | 'plain';

/** Reads bytes of the medium. */
export type ReadBytes = (extent: Extent) => Promise<Uint8Array>;

export interface RecordContext {
  /** For messages. */
  readonly file: string;
  readonly read: ReadBytes;
  readonly names: NameKind;
  /** Bytes in front of system use fields (SUSP section 5.3). */
  readonly skip: number;
}
