/** Bytes that cannot be read: where, and what was expected there. Caught once, at the edge that received them. */
export class DecodeError extends RangeError {
  readonly offset: number;
  readonly expected: string;
  constructor(offset: number, expected: string) {
    super(`Cannot decode at byte ${offset}: expected ${expected}`);
    this.name = 'DecodeError';
    this.offset = offset;
    this.expected = expected;
  }
}
