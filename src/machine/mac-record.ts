import type { Mac } from '../net/mac.ts';

/** A model that a Mac said it is. */
export interface SeenModel {
  /** "Macmini6,2" */
  readonly model: string;
  /** i386, ppc or arm. */
  readonly arch: string;
  /** Milliseconds since 1970. */
  readonly firstSeen: number;
}

/** What is known of a hardware address with which a Mac asked. */
export interface MacRecord {
  readonly mac: Mac;
  /** The one that was seen last stands last. More than one: the address is that of an adapter. */
  readonly models: readonly SeenModel[];
  /** The image that the Mac chose, by its name in the configuration, and when (ms since 1970). */
  readonly selected?: { readonly image: string; readonly at: number } | undefined;
}

/** An adapter that goes round an office is seen with more; the oldest are forgotten. */
const MOST_MODELS = 8;

export function lastModel(record: MacRecord | undefined): SeenModel | undefined {
  return record?.models.at(-1);
}

/** The record after a Mac said its model; the same object when it says nothing new. */
export function withModel(
  record: MacRecord | undefined,
  mac: Mac,
  seen: { readonly model: string; readonly arch: string },
  now: number,
): MacRecord {
  const before = record ?? { mac, models: [] };
  const last = lastModel(before);
  const isSame = (one: SeenModel) => one.model === seen.model && one.arch === seen.arch;
  if (last && isSame(last)) return before;
  const known = before.models.find(isSame) ?? { model: seen.model, arch: seen.arch, firstSeen: now };
  const models = [...before.models.filter((one) => !isSame(one)), known].slice(-MOST_MODELS);
  return { ...before, models };
}

/** The record after the Mac chose an image, or (undefined) another server. */
export function withSelection(record: MacRecord, image: string | undefined, now: number): MacRecord {
  if (image === undefined) {
    const { selected: _selected, ...rest } = record;
    return record.selected === undefined ? record : rest;
  }
  return { ...record, selected: { image, at: now } };
}

/** The port that keeps records. */
export interface MacStore {
  loadMacs(): Promise<MacRecord[]>;
  /** Resolves after the record is safe against a power cut. */
  saveMac(record: MacRecord): Promise<void>;
}
