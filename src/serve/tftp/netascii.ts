const LF = 0x0a;
const CR = 0x0d;

/** Octets as netascii writes them (RFC 764): a line feed as CR LF, a carriage return as CR NUL. */
export function toNetascii(bytes: Uint8Array): Uint8Array {
  let extra = 0;
  for (const byte of bytes) if (byte === LF || byte === CR) extra++;
  const text = new Uint8Array(bytes.length + extra);
  let at = 0;
  for (const byte of bytes) {
    if (byte === LF) text[at++] = CR;
    text[at++] = byte;
    if (byte === CR) text[at++] = 0;
  }
  return text;
}
