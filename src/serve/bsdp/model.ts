import { describeMacModel, macModel } from '../../machine/mac-model.ts';
import { lastModel, type MacRecord, withModel } from '../../machine/mac-record.ts';
import type { Mac } from '../../net/mac.ts';
import type { Case, Told } from '../dhcp/verdict.ts';

/** What a Mac's model comes to: the record to keep, and what is told when it says something new. */
export interface NotedModel {
  readonly record: MacRecord;
  readonly told: readonly Told[];
}

/** Every message of a Mac names its model: the first is told, and another one as well. */
export function noteModel(what: Case, mac: Mac, apple: { readonly model: string; readonly arch: string }): NotedModel {
  const before = what.context.mac.record(mac);
  const record = withModel(before, mac, apple, what.context.now);
  return { record, told: record === before ? [] : tellModel(what, before, apple) };
}

function tellModel(
  { subject, machine }: Case,
  before: MacRecord | undefined,
  { model, arch }: { readonly model: string; readonly arch: string },
): Told[] {
  const told: Told[] = [];
  const judged = macModel(model, arch);
  const last = lastModel(before)?.model ?? machine?.mac?.model;
  const isNew = !before?.models.some((one) => one.model === model);
  if (isNew) told.push({ id: 'mac.seen', subject, data: { model, arch, firmware: describeMacModel(judged) } });
  if (isNew && judged.kind === 'efi' && !judged.isKnown) {
    const data = { model, vendorClass: `AAPLBSDPC/${arch}/${model}` };
    told.push({ id: 'mac.unknown-model', subject, data });
  }
  if (last !== undefined && last !== model)
    told.push({ id: 'mac.other-model', subject, data: { model, before: last } });
  return told;
}
