import { type Mac, macBytes } from '../net/mac.ts';

const MAC_LENGTH = 6;
const REPEATS = 16;

/**
 * The magic packet that a sleeping card looks for in every frame (AMD publication 20213): six octets of ff, then its MAC sixteen
 * times. `password`: the six octets of SecureOn, where the card wants them; a secret, although whoever hears the packet has it.
 */
export function encodeMagicPacket(mac: Mac, password?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(MAC_LENGTH * (1 + REPEATS) + (password?.length ?? 0));
  bytes.fill(0xff, 0, MAC_LENGTH);
  for (let index = 1; index <= REPEATS; index++) bytes.set(macBytes(mac), index * MAC_LENGTH);
  if (password !== undefined) bytes.set(password, MAC_LENGTH * (1 + REPEATS));
  return bytes;
}
