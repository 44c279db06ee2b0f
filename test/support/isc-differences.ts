/** An intended difference between the answers of ISC dhcpd with the seed's dhcpd.conf and ours. */
export interface Difference {
  /** The words of the page docs/differences-from-isc-dhcpd.md. */
  readonly title: string;
  readonly reason: string;
  /** Names of the requests to which it applies. */
  readonly where: RegExp;
  /** "field: theirs -> ours"; '-' stands for nothing. */
  readonly line: RegExp;
}

export const differences: readonly Difference[] = [
  {
    title: "Option 12, the machine's name",
    reason:
      'The name stands in the configuration; installers and systems take it over. `dhcpd.conf` would need `use-host-decl-names on`.',
    where: /^(?!unknown)/,
    line: /^option 12: - -> (mp|mm\d|smpc|sm\d|d\d)$/,
  },
  {
    title: 'Options 58 and 59, renewal times',
    reason:
      'They are the times that a client assumes without them (RFC 2131 4.4.5); HP JetDirect devices want them said.',
    where: /(?:)/,
    line: /^option (58|59): - -> \d+$/,
  },
  {
    title: 'Option 61 is sent back',
    reason:
      "RFC 6842, which is newer than ISC's behaviour: clients with several identifiers can tell their answers apart.",
    where: /: system/,
    line: /^option 61: - -> ff0011223344$/,
  },
  {
    title: '`siaddr` is always our address',
    reason: 'GRUB and shim look for their next file there, whatever asked before them. A system ignores it.',
    where: /(?:)/,
    line: /^siaddr: 0\.0\.0\.0 -> 172\.22\.10\.2$/,
  },
  {
    title: '`sname` and options 66 and 67 repeat server and file',
    reason:
      'Some firmware reads the header and some the options (shim: the header only; UEFI HTTP boot: the options only).',
    where: /PXE/,
    line: /^(sname|option 66|option 67): - -> /,
  },
  {
    title: 'Options 60 and 43 to BIOS firmware',
    reason:
      '`PXEClient` with the bits that say "boot the named file": the ROM need not wait for further offers or look for boot servers.',
    where: /BIOS PXE/,
    line: /^option (43: - -> 060108ff|60: - -> PXEClient)$/,
  },
  {
    title: "Option 97, the machine's UUID, is sent back",
    reason: 'RFC 4578 2.3 asks for it; some firmware drops offers without.',
    where: /PXE/,
    line: /^option 97: - -> 00/,
  },
  {
    title: 'A boot file for UEFI firmware',
    reason: 'The seed boots BIOS machines only; every firmware gets the loader that it can run.',
    where: /UEFI PXE/,
    line: /^file: - -> boot\/grub\/x86_64-efi\/core\.efi$/,
  },
  {
    title: 'No broadcast flag in a NAK on the segment itself',
    reason: 'RFC 2131 4.3.2 asks for the flag where a relay is to broadcast the NAK; here the NAK is broadcast by us.',
    where: /INIT-REBOOT/,
    line: /^flags: 8000 -> 0$/,
  },
  {
    title: 'The text of a NAK',
    reason: 'It names both addresses, so that the message on a screen tells what to do.',
    where: /INIT-REBOOT/,
    line: /^option 56: /,
  },
  {
    title: 'A NAK for an address that is reserved for another machine',
    reason: 'ISC says nothing and the client waits for its time to run out; we are authoritative and say so at once.',
    where: /unknown: INIT-REBOOT with a reserved address/,
    line: /^reply: none -> NAK$/,
  },
  {
    title: "Silence when a client takes another server's offer",
    reason:
      "RFC 2131 4.3.2: a REQUEST with another server's identifier declines our offer. ISC acknowledges it when the address is free in its own pool.",
    where: /takes another server’s offer/,
    line: /^reply: ACK -> none$/,
  },
  {
    title: 'BSDP',
    reason: "Apple's NetBoot protocol is not answered yet; Macs that boot by BSDP need ISC dhcpd until it is.",
    where: /BSDP/,
    line: /^reply: ACK -> none$/,
  },
];
