import { encodeOfferedImage } from '../../wire/bsdp/reply.ts';
import type { Case } from '../dhcp/verdict.ts';
import { chosenBefore, planMacOffer } from './offer.ts';

/**
 * Option 43 for the offer of an address to a Mac, as the seed's dhcpd.conf makes it: it names the image that the Mac will be
 * shown (`mac.offerCompat: seed`). Apple's note keeps the two apart; machines are known that take it all the same.
 * undefined: an ordinary offer, also for a Mac that has nothing to boot.
 */
export function seedOfferAreas(what: Case): readonly Uint8Array[] | undefined {
  const { mac, facts } = what.request;
  const { policy, decide, record } = what.context.mac;
  const { apple } = facts;
  if (policy.settings.offerCompat !== 'seed' || mac === undefined || apple === undefined) return undefined;
  const { machine } = what;
  const offer = planMacOffer({ mac, ...apple, machine, decision: decide(mac, machine) }, policy);
  if (offer.kind === 'none') return undefined;
  const { image } = chosenBefore(offer, record(mac)?.selected?.image) ?? offer.preferred;
  return encodeOfferedImage(image.id);
}
