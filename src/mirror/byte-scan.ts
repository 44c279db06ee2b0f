/** Where `needle` (ASCII) begins in `bytes[from, to)`; -1 when it is not there as a whole. */
export function indexOfAscii(bytes: Uint8Array, needle: string, from: number, to: number = bytes.length): number {
  const first = needle.charCodeAt(0);
  for (let at = bytes.indexOf(first, from); at >= 0 && at + needle.length <= to; at = bytes.indexOf(first, at + 1)) {
    if (hasAscii(bytes, needle, at)) return at;
  }
  return -1;
}

/** Whether `needle` (ASCII) stands at `at`. */
function hasAscii(bytes: Uint8Array, needle: string, at: number): boolean {
  for (let index = 0; index < needle.length; index++) {
    if (bytes[at + index] !== needle.charCodeAt(index)) return false;
  }
  return true;
}

/** Bytes that are waiting for their end. Grows by doubling: adding piece by piece costs as much as adding at once. */
export interface ByteWindow {
  /** What is held; valid until the next `add` or `drop`. */
  held(): Uint8Array;
  add(piece: Uint8Array): void;
  /** Forgets the first `count` bytes. */
  drop(count: number): void;
}

export function createByteWindow(): ByteWindow {
  let buffer = new Uint8Array(1 << 16);
  let from = 0;
  let to = 0;
  return {
    held: () => buffer.subarray(from, to),
    add: (piece) => {
      if (to + piece.length > buffer.length) {
        const held = to - from;
        const needed = held + piece.length;
        const target = needed * 2 > buffer.length ? new Uint8Array(needed * 2) : buffer;
        target.set(buffer.subarray(from, to), 0);
        buffer = target;
        from = 0;
        to = held;
      }
      buffer.set(piece, to);
      to += piece.length;
    },
    drop: (count) => {
      from = Math.min(to, from + count);
    },
  };
}
