import type { EventData, RecordedEvent } from '../event/event.ts';

/** Which part of a boot speaks. `bootp`: something that is too old to say. */
export type ClientKind = 'firmware' | 'ipxe' | 'grub' | 'installer' | 'system' | 'bootp';

/** Reads the words of `client` in DHCP's events ("PXE firmware, uefi-x64"). */
export function clientKind(client: string): ClientKind {
  if (client.startsWith('iPXE')) return 'ipxe';
  if (client.startsWith('GRUB')) return 'grub';
  if (client.startsWith('installer')) return 'installer';
  if (client.startsWith('system')) return 'system';
  if (client.startsWith('BOOTP')) return 'bootp';
  return 'firmware';
}

/** Who speaks in this event, where it says so. */
export function speakerOf(event: RecordedEvent): ClientKind | undefined {
  switch (event.id) {
    case 'dhcp.discover':
    case 'dhcp.ack':
      return clientKind((event.data as EventData<'dhcp.discover'>).client);
    // Of a Mac older versions did not say it.
    case 'dhcp.would-answer':
      return clientKind((event.data as EventData<'dhcp.would-answer'>).client ?? 'Mac');
    case 'bsdp.list':
    case 'bsdp.select':
    case 'bsdp.failed':
    case 'bsdp.ignored':
    case 'bsdp.cannot-boot':
    case 'bsdp.not-started':
      return 'firmware';
    // Through a relay of no network of ours: all that is ever heard of it.
    case 'dhcp.ignored':
      return (event.data as EventData<'dhcp.ignored'>).wanted === undefined ? undefined : 'firmware';
    case 'boot.config':
      return 'grub';
    default:
      return undefined;
  }
}
