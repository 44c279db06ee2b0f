import { formatIpv4 } from '../../net/ipv4.ts';
import { formatImageId, isSameImage } from '../../wire/bsdp/image-id.ts';
import type { Offer } from './choose.ts';
import type { Lease } from './questions.ts';
import type { LoadedFile, Outcome, Told } from './told.ts';

/** A step for people: a sentence, and lines that belong to it. */
export function phrase(told: Told): readonly string[] {
  switch (told.kind) {
    case 'asks':
      return [`${question(told)}${told.attempt === 1 ? '' : ` (attempt ${told.attempt})`}`];
    case 'offered':
      return [`is offered ${leaseText(told.lease)}`, ...noteLines(told.note)];
    case 'has-address':
      return [`has its address: ${leaseText(told.lease)}`, ...noteLines(told.note)];
    case 'ignores':
      return [`ignores an answer of ${formatIpv4(told.source)}: ${told.reason}`];
    case 'listed':
      return [`is offered images by ${offerText(told.offer)}`, ...imageLines(told.offer), ...hiddenLines(told.hidden)];
    case 'chooses': {
      const name = told.name === undefined ? '' : ` "${told.name}"`;
      return [`chooses ${formatImageId(told.image)}${name} of ${formatIpv4(told.server)}: ${told.why}`];
    }
    case 'granted':
      return grantedLines(told);
    case 'refused':
      return [`is refused the image by ${formatIpv4(told.server)} (FAILED)`];
    case 'restarts':
      return [`macOS notes bsdp://${formatIpv4(told.target)} for the firmware and restarts`];
    case 'loads':
      return [`asks ${formatIpv4(told.server)} for ${told.file} by TFTP`];
    case 'loaded':
      return [`has ${fileText(told.file)}`, `  sha256 ${told.file.sha256}`];
    case 'ends':
      return [outcomeText(told.outcome)];
  }
}

/** How a run ended, as a sentence about the Mac. */
export function outcomeText(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'boots':
      return `starts ${outcome.file.file}`;
    case 'looked':
      return 'was shown the images above, and was told to choose none';
    case 'no-address':
      return `has no address: ${outcome.reason}`;
    case 'no-image':
      return `boots no image: ${outcome.reason}. A real Mac goes on to its own disk`;
    case 'refused':
      return `was refused its image by ${formatIpv4(outcome.server)}`;
    case 'not-loaded':
      return `could not load its file: ${outcome.reason}`;
    case 'cannot-run':
      return `cannot run what it loaded: ${outcome.reason}`;
  }
}

function question({ what, asker, port, choice }: Extract<Told, { kind: 'asks' }>): string {
  const who = asker === 'macOS' ? 'Startup Disk' : 'the firmware';
  const wanted = port === 68 ? '' : `, answer to port ${port}`;
  switch (what) {
    case 'discover':
      return `${asker === 'macOS' ? 'macOS' : 'the firmware'} asks for an address (DISCOVER)`;
    case 'request':
      return 'takes it (REQUEST)';
    case 'list':
      return `${who} asks everybody for images (LIST${wanted})`;
    case 'select':
      return `${who} asks ${choice ? formatIpv4(choice.server) : 'the server'} for it (SELECT${wanted})`;
  }
}

function leaseText({ address, prefix, router, server, seconds }: Lease): string {
  const via = router === undefined ? 'no router' : `router ${formatIpv4(router)}`;
  const time = seconds === undefined ? '' : `, for ${seconds} s`;
  return `${formatIpv4(address)}/${prefix} (${via}) by ${formatIpv4(server)}${time}`;
}

function offerText({ server, priority, selected }: Offer): string {
  const bound = selected === undefined ? '' : `, has ${formatImageId(selected)} bound to this Mac`;
  return `${formatIpv4(server)} (priority ${priority ?? 'not named'}${bound}):`;
}

function imageLines({ images, defaultImage }: Offer): string[] {
  const lines = images.map(({ id, name }) => {
    const isDefault = defaultImage !== undefined && isSameImage(id, defaultImage);
    return `  ${formatImageId(id)}  ${id.install ? 'install' : 'boot   '}  ${name}${isDefault ? '  (default)' : ''}`;
  });
  const isListed = images.some(({ id }) => defaultImage !== undefined && isSameImage(id, defaultImage));
  return isListed || defaultImage === undefined
    ? lines
    : [...lines, `  ${formatImageId(defaultImage)}  (default, not in the list)`];
}

function grantedLines({ server, tftp, file, rootPath, serverName }: Extract<Told, { kind: 'granted' }>): string[] {
  return [
    `is confirmed by ${formatIpv4(server)}: ${file === '' ? 'no file' : file} from ${formatIpv4(tftp)}`,
    ...(rootPath === undefined ? [] : [`  root path ${rootPath}`]),
    ...noteLines(
      serverName === undefined ? undefined : `it names the server "${serverName}" (sname), which some Macs look up`,
    ),
  ];
}

const CONTENTS = {
  efi64: '64-bit EFI program',
  efi32: '32-bit EFI program',
  fat: 'EFI programs of 32 and 64 bits',
  other: 'no EFI program for Intel processors',
} as const;

function fileText({ file, sizeBytes, blockSize, content }: LoadedFile): string {
  return `${file}: ${sizeBytes} bytes in blocks of ${blockSize}, ${CONTENTS[content]}`;
}

function noteLines(note: string | undefined): string[] {
  return note === undefined ? [] : [`  note: ${note}`];
}

function hiddenLines(reason: string | undefined): string[] {
  return reason === undefined ? [] : [`  note: newer firmware does not show this server in its menu: ${reason}`];
}
