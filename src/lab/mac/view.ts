import { formatIpv4, type Ipv4 } from '../../net/ipv4.ts';
import { formatImageId, type ImageId } from '../../wire/bsdp/image-id.ts';

const ADDRESSES = new Set(['address', 'router', 'server', 'tftp', 'source', 'target']);
const IMAGES = new Set(['image', 'defaultImage', 'selected', 'id']);

/** A step or an outcome for programs: addresses dotted and images as "0x81000089", by the names of their fields. */
export function viewOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(viewOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => {
      if (typeof field === 'number' && ADDRESSES.has(key)) return [key, formatIpv4(field as Ipv4)];
      if (typeof field === 'object' && field !== null && IMAGES.has(key)) return [key, formatImageId(field as ImageId)];
      return [key, viewOf(field)];
    }),
  );
}
