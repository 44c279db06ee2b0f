import type { MacLoaders } from '../../boot/loaders.ts';
import { type MacRecord, withSelection } from '../../machine/mac-record.ts';
import { formatIpv4 } from '../../net/ipv4.ts';
import type { Mac } from '../../net/mac.ts';
import { formatImageId, isSameImage } from '../../wire/bsdp/image-id.ts';
import { describeClient, withAddress } from '../dhcp/say.ts';
import { isOurs } from '../dhcp/server-identifier.ts';
import type { Case, MacNote, Reply, Told, Verdict } from '../dhcp/verdict.ts';
import { noteModel } from './model.ts';
import { type AskingMac, chosenBefore, type MacOffer, type OfferedImage, planMacOffer } from './offer.ts';
import { encodeFailed, encodeList, encodeSelect } from './reply.ts';
import { type AskedBsdp, isForOthers, readBsdp } from './request.ts';
import { type Silence, silence } from './silence.ts';

/** A Mac's request, and what it said it is. */
interface MacCase {
  readonly what: Case;
  readonly mac: Mac;
  readonly apple: { readonly arch: string; readonly model: string };
  /** With the model that it just said. */
  readonly record: MacRecord;
}

/**
 * Decides about a message of a Mac: its DISCOVER, REQUEST, DECLINE and RELEASE are ordinary DHCP (`generic`), its INFORM is
 * BSDP, and nothing else is answered. Whatever it sends, its model is noted.
 */
export function answerMac(what: Case, generic: (what: Case) => Verdict): Verdict {
  const { mac, facts, message, packet } = what.request;
  const { apple } = facts;
  if (mac === undefined || apple === undefined || packet.htype !== 1 || packet.hlen !== 6) return generic(what);
  const noted = noteModel(what, mac, apple);
  const { record } = noted;
  const one: MacCase = { what, mac, apple, record };
  const verdict = decide(one, generic, message);
  if (verdict.kind === 'probe') return verdict;
  const note: MacNote = { ...noteOf(one), ...verdict.note };
  return { ...verdict, told: [...noted.told, ...verdict.told], note };
}

function decide(one: MacCase, generic: (what: Case) => Verdict, message: Case['request']['message']): Verdict {
  if (isForOthers(one.what)) return silent(one, silence('foreign-header', 'its header names another server'));
  switch (message) {
    case 'discover':
    case 'request':
    case 'decline':
    case 'release':
      return generic(one.what);
    case 'inform':
      return one.what.network.dhcp.mode === 'observe' ? observeBsdp(one) : answerBsdp(one);
    case 'bootp':
    case 'offer':
    case 'ack':
    case 'nak':
      return silent(one, silence('other-message', 'a Mac does not send this message'));
  }
}

/** INFORM: a list, a confirmation, a refusal, or silence. */
function answerBsdp(one: MacCase): Verdict {
  const { what, apple } = one;
  if (apple.arch !== 'i386') {
    // PowerPC, and macOS on Apple silicon: their sentence comes with their model.
    const offer = offerFor(one, undefined);
    return silent(one, silence('cannot-boot', offer.kind === 'none' ? offer.reason : `its processor is ${apple.arch}`));
  }
  const asked = readBsdp(what);
  if (asked.kind === 'silence') return silent(one, asked);
  return asked.bsdp.message === 'list' ? answerList(one, asked) : answerSelect(one, asked);
}

/** What we would do, told and not done. */
function observeBsdp(one: MacCase): Verdict {
  const { what } = one;
  const verdict = answerBsdp(one);
  const kind = verdict.kind === 'answer' ? verdict.note?.counted : undefined;
  const answer = verdict.kind === 'ignore' ? `no answer: ${verdict.reason}` : `a NetBoot answer (${kind})`;
  const data = { message: 'inform', answer, client: describeClient(what.client) };
  const told: Told = { id: 'dhcp.would-answer', subject: what.subject, data };
  const reason = `network ${what.network.name} is only observed`;
  return { kind: 'ignore', reason, told: [told], note: noteOf(one) };
}

function offerFor({ what, mac, apple }: MacCase, filter: AskingMac['filter']): MacOffer {
  const { machine, context } = what;
  const decision = context.mac.decide(mac, machine);
  return planMacOffer({ mac, ...apple, machine, decision, filter }, context.mac.policy);
}

function answerList(one: MacCase, asked: AskedBsdp): Verdict {
  const { what, mac, record } = one;
  const offer = offerFor(one, asked.bsdp.filter);
  const unstarted = asked.port === 68 ? what.context.mac.loaded(mac) : undefined;
  const rarely = unstarted === undefined ? [] : [{ key: 'not-started', told: tellNotStarted(what, unstarted) }];
  const settled = { isSettled: unstarted !== undefined };
  if (offer.kind === 'none') return silent(one, silence(offer.code, offer.reason), { rarely, ...settled });
  const selected = chosenBefore(offer, record.selected?.image);
  const { bytes, dropped, limit } = encodeList(what, asked, offer, selected);
  if (dropped > 0) {
    const told: Told = { id: 'bsdp.list-cut', subject: what.subject, data: { dropped, bytes: limit } };
    rarely.push({ key: 'list-cut', told });
  }
  const data = {
    images: offer.images.length,
    default: offer.preferred.title,
    ...(selected && { selected: selected.title }),
    dropped,
    address: formatIpv4(asked.address),
    port: asked.port,
  };
  return answer(one, asked, bytes, {
    told: [{ id: 'bsdp.list', subject: withAddress(what.subject, asked.address), data }],
    note: { counted: 'list', rarely, ...settled },
  });
}

function answerSelect(one: MacCase, asked: AskedBsdp): Verdict {
  const { what, record } = one;
  const { server, selected } = asked.bsdp;
  const { networks, now } = what.context;
  if (server === undefined) return silent(one, silence('no-server', 'it chooses an image and names no server'));
  if (!isOurs(server, what.request, networks)) {
    const why = silence('other-server', `it chose an image of another server, ${formatIpv4(server)}`);
    return silent(one, why, { record: withSelection(record, undefined, now) });
  }
  const offer = offerFor(one, 'any');
  if (offer.kind === 'none' && offer.code === 'unknown-machine') {
    return silent(one, silence(offer.code, offer.reason));
  }
  const wanted = findImage(offer, selected);
  if (wanted.kind === 'failed') {
    const data = { imageId: selected === undefined ? 'by default' : formatImageId(selected), reason: wanted.reason };
    return answer(one, asked, encodeFailed(what), {
      told: [{ id: 'bsdp.failed', subject: withAddress(what.subject, asked.address), data }],
      note: { counted: 'failed' },
    });
  }
  const { image } = wanted;
  const data = {
    image: image.title,
    imageId: formatImageId(image.image.id),
    bootFile: image.bootFile,
    address: formatIpv4(asked.address),
    port: asked.port,
  };
  const isGrub = image.image.what.kind === 'linux' || image.image.what.kind === 'localboot';
  return answer(one, asked, encodeSelect(what, image), {
    told: [{ id: 'bsdp.select', subject: withAddress(what.subject, asked.address), data }],
    note: {
      counted: 'select',
      record: withSelection(record, image.image.name, now),
      ...(isGrub && { sent: image.bootFile }),
    },
  });
}

type Wanted =
  | { readonly kind: 'image'; readonly image: OfferedImage }
  | { readonly kind: 'failed'; readonly reason: string };

function findImage(offer: MacOffer, selected: AskedBsdp['bsdp']['selected']): Wanted {
  if (offer.kind === 'none') return { kind: 'failed', reason: offer.reason };
  if (selected === undefined) return { kind: 'image', image: offer.preferred };
  const found = offer.images.find(({ image }) => isSameImage(image.id, selected));
  if (found) return { kind: 'image', image: found };
  return { kind: 'failed', reason: 'there is no such image, or it is not for this Mac' };
}

function noteOf({ what, mac, record }: MacCase): MacNote {
  return { mac, isKnown: what.machine !== undefined, record, rarely: [] };
}

function answer(
  one: MacCase,
  { address, port }: AskedBsdp,
  bytes: Uint8Array,
  more: { readonly told: readonly Told[]; readonly note: Partial<MacNote> },
): Verdict {
  const reply: Reply = { source: one.what.network.address, bytes, to: { kind: 'unicast', address, port } };
  return { kind: 'answer', reply, told: more.told, note: { ...noteOf(one), ...more.note } };
}

function silent(one: MacCase, { code, reason }: Silence, note: Partial<MacNote> = {}): Verdict {
  const { subject } = one.what;
  const told: Told =
    code === 'cannot-boot'
      ? { id: 'bsdp.cannot-boot', subject, data: { reason } }
      : { id: 'bsdp.ignored', subject, data: { code, reason } };
  const rarely = [{ key: code, told }, ...(note.rarely ?? [])];
  return { kind: 'ignore', reason, told: [], note: { ...noteOf(one), counted: code, ...note, rarely } };
}

function tellNotStarted({ subject, machine, context }: Case, bootFile: string): Told {
  return {
    id: 'bsdp.not-started',
    subject,
    data: { bootFile, next: nextStep(bootFile, context.mac.policy.loaders, machine?.name) },
  };
}

/** The other width of EFI, if it is one of the two. */
function nextStep(bootFile: string, loaders: MacLoaders, machine: string | undefined): string {
  const isNamed = (which: keyof MacLoaders) => {
    const loader = loaders[which];
    return loader.kind === 'file' && loader.bootFile === bootFile;
  };
  const other = isNamed('efi64') ? 'efi32' : isNamed('efi32') ? 'efi64' : undefined;
  if (other === undefined) return 'Set mac.bootFile: model, so that it gets an image for its own firmware.';
  const place = machine === undefined ? 'for a machine of the configuration with its MAC address' : `for ${machine}`;
  return `If its firmware is of the other width, set firmware: ${other} ${place}; on the Mac, ioreg -l -p IODeviceTree | grep firmware-abi says which it is.`;
}
