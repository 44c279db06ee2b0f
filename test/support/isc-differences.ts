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
    title: "A Mac's ACK has its DNS server and broadcast address",
    reason:
      "The seed's class forces the options 1, 3, 17, 43 and 60 on every answer to a Mac; here that is so for the offer alone, with `mac.offerCompat: seed`.",
    where: /Mac DISCOVER, then REQUEST/,
    line: /^option (6|28): - -> /,
  },
  {
    title: 'No netmask and router in NetBoot answers',
    reason: 'The Mac has both already, and BSDP does not count them among the options of its answers.',
    where: /Mac (LIST|SELECT)/,
    line: /^option (1|3): [\d.]+ -> -$/,
  },
  {
    title: 'The boot file of Macs',
    reason:
      'GRUB for Macs is made here, one file for each width of EFI, which follows from the model. The seed gives its 64-bit file to all.',
    where: /^(mp|mm\d): Mac SELECT/,
    line: /^file: mactel64\.efi -> mac\/(x86_64|i386)\.efi$/,
  },
  {
    title: 'No machine name in a confirmation',
    reason:
      "Only Apple's own systems read it, and get the host name with a NetBoot folder. The seed calls all `The-Image`.",
    where: /Mac SELECT/,
    line: /^option 43: 01010208048100008982095468652d496d616765 -> 010102080481000089$/,
  },
  {
    title: 'Sub-option 8 in a list',
    reason: 'A Mac that chose an image here before is shown its choice again, so that it comes back to this server.',
    where: /Mac LIST/,
    line: /^option 43: 01010104028000070481000089(090e\w+) -> 01010104028000070481000089080481000089\1$/,
  },
  {
    title: 'No list for BSDP 1.0',
    reason: 'Its clients know the default and what was chosen before; the list came with 1.1.',
    where: /Mac LIST of version 1\.0/,
    line: /^option 43: 01010104028000070481000089090e\w+ -> 01010104028000070481000089080481000089$/,
  },
  {
    title: 'A LIST whose type is not its first sub-option',
    reason:
      'Sub-options may stand in any order. The seed looks at three bytes, and confirms a selection that nobody made.',
    where: /Mac LIST with the type behind the version/,
    line: /^(file: mactel64\.efi -> -|option 43: 010102\w+ -> 010101\w+)$/,
  },
  {
    title: "A Mac's reply port",
    reason: 'Startup Disk waits on a port of its own (sub-option 5); an answer on port 68 never reaches it.',
    where: /port 1000/,
    line: /^to port: 68 -> 1000$/,
  },
  {
    title: "Silence when a Mac chooses another server's image",
    reason: 'Sub-option 3 names the server that is meant. With the seed, two servers on one network confirm both.',
    where: /another server’s image/,
    line: /^reply: ACK -> none$/,
  },
  {
    title: 'FAILED for an image that is not there',
    reason:
      'Also for one that the Mac may not have: it is told, and starts over. The seed confirms whatever is asked for.',
    where: /an image that is not there|unknown: Mac SELECT/,
    line: /^(file: mactel64\.efi -> -|option 43: 010102\w+ -> 010103)$/,
  },
  {
    title: 'Silence on NetBoot requests that break the rules',
    reason:
      'No version, no option 43, a type that no Mac sends, a reply port that any program may open: told in the log, once an hour.',
    where: /bad Mac/,
    line: /^reply: ACK -> none$/,
  },
  {
    title: 'Silence to Macs that cannot be booted',
    reason: 'PowerPC, T2 and Apple silicon: an offer would lead nowhere. The log says what to do.',
    where: /unable Mac/,
    line: /^reply: ACK -> none$/,
  },
  {
    title: 'No list for a Mac that is not to be installed',
    reason:
      'Nothing is installed without a grant: the Mac gets no answer and boots from its disk. The seed installs any Mac.',
    where: /unknown: Mac LIST/,
    line: /^reply: ACK -> none$/,
  },
];
