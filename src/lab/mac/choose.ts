import type { Ipv4 } from '../../net/ipv4.ts';
import { type ImageId, isSameImage } from '../../wire/bsdp/image-id.ts';
import type { ImageDescription } from '../../wire/bsdp/image-list.ts';
import { isNamed, type MacOrder } from './order.ts';

/** What one server answered to LIST. */
export interface Offer {
  readonly server: Ipv4;
  readonly priority?: number | undefined;
  readonly defaultImage?: ImageId | undefined;
  /** What the server has bound to this Mac. */
  readonly selected?: ImageId | undefined;
  readonly images: readonly ImageDescription[];
}

export type Choice =
  | { readonly kind: 'image'; readonly server: Ipv4; readonly image: ImageId; readonly why: string }
  /** The list was shown, and nothing was asked for. */
  | { readonly kind: 'looked' }
  | { readonly kind: 'none'; readonly reason: string };

/** Which image the Mac takes out of all answers (BSDP notes, section 3.1). */
export function chooseImage(order: MacOrder, offers: readonly Offer[], isFirmware: boolean): Choice {
  const isShown = order.way === 'menu' || (order.way === 'startup-disk' && !isFirmware);
  return isShown ? chooseFromMenu(order, offers) : chooseByItself(offers);
}

/** Without a screen: what a server remembers, else the default of the server with the highest priority. */
function chooseByItself(offers: readonly Offer[]): Choice {
  const bound = offers.find(({ selected }) => selected !== undefined);
  if (bound?.selected) {
    return { kind: 'image', server: bound.server, image: bound.selected, why: 'the server has it bound to this Mac' };
  }
  const [best] = offers.toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0));
  if (best === undefined) return { kind: 'none', reason: 'no server answered' };
  if (best.defaultImage === undefined) {
    return { kind: 'none', reason: 'the server with the highest priority names no default image (sub-option 7)' };
  }
  const why = offers.length === 1 ? 'the only server' : 'the server with the highest priority';
  return { kind: 'image', server: best.server, image: best.defaultImage, why: `the default of ${why}` };
}

function chooseFromMenu({ select }: MacOrder, offers: readonly Offer[]): Choice {
  if (select === undefined) return { kind: 'looked' };
  const shown = offers.filter((offer) => whyHidden(offer) === undefined);
  for (const { server, images } of shown) {
    const found = images.find((image) => isNamed(image, select));
    if (found) return { kind: 'image', server, image: found.id, why: 'chosen by hand' };
  }
  return { kind: 'none', reason: `no list has an image "${select}"` };
}

/** Newer firmware leaves a server out of its menu that does not name these; the N key works all the same. */
export function whyHidden({ priority, defaultImage }: Offer): string | undefined {
  const missing = [
    ...(priority === undefined ? ['its priority (sub-option 4)'] : []),
    ...(defaultImage === undefined ? ['a default image (sub-option 7)'] : []),
  ];
  return missing.length === 0 ? undefined : `it does not name ${missing.join(' and ')}`;
}

/** The name of an image, where a list has one. */
export function nameOf(image: ImageId, offers: readonly Offer[]): string | undefined {
  return offers.flatMap(({ images }) => images).find(({ id }) => isSameImage(id, image))?.name;
}
