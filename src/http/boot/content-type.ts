/** EDK2 takes exactly `application/efi` without parameters; for the rest only the loaders' file names count. */
const TYPES: Readonly<Record<string, string>> = {
  efi: 'application/efi',
  iso: 'application/vnd.efi-iso',
  img: 'application/vnd.efi-img',
  cfg: 'text/plain; charset=utf-8',
  ipxe: 'text/plain; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  gz: 'application/gzip',
  xml: 'application/xml',
};

export const PLAIN_TEXT = 'text/plain; charset=utf-8';

/** The media type for a file name. */
export function contentTypeOf(name: string): string {
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  return TYPES[extension] ?? 'application/octet-stream';
}
