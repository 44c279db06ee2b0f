import { ANY, type Ipv4, ipv4At, ipv4Bytes } from '../../net/ipv4.ts';
import { type Mac, macAt, macBytes } from '../../net/mac.ts';

/*
 * ARP for IPv4 on Ethernet (RFC 826), 28 octets:
 *
 *     0 hardware 0001   2 protocol 0800   4 lengths 06 04   6 operation   8 sender MAC   14 sender IP   18 target MAC   24 target IP
 */

/** "Who has `address`?", with sender address 0.0.0.0, so that nobody's ARP table is changed by it (RFC 5227 2.1.1). */
export function encodeArpProbe(sender: Mac, address: Ipv4): Uint8Array {
  const bytes = Uint8Array.of(0, 1, 8, 0, 6, 4, 0, 1, ...macBytes(sender), ...ipv4Bytes(ANY), 0, 0, 0, 0, 0, 0);
  return Uint8Array.from([...bytes, ...ipv4Bytes(address)]);
}

/**
 * Who says that he has which address. RFC 5227 2.1.1: any ARP packet, request or reply, whose sender address is the probed
 * one means that it is in use. undefined: not ARP for IPv4 on Ethernet, or a probe (its sender has no address).
 */
export function decodeArpSender(bytes: Uint8Array): { readonly mac: Mac; readonly address: Ipv4 } | undefined {
  if (bytes.length < 28) return undefined;
  const isEthernetIpv4 = [0, 1, 8, 0, 6, 4].every((octet, index) => bytes[index] === octet);
  const address = ipv4At(bytes, 14);
  if (!isEthernetIpv4 || address === ANY) return undefined;
  return { mac: macAt(bytes, 8, 6), address };
}
