import { ProvisionError } from '../net/provision-error.ts';

/** An upstream may call something by a megabyte. */
const LONGEST = 600;

/** Metadata that cannot be read, contradict themselves or lead out of their tree. `file`: where, below the tree's root. */
export function broken(file: string, what: string, hint?: string): ProvisionError {
  return new ProvisionError('upstream-failed', `${file}: ${cut(what)}`, hint === undefined ? {} : { hint });
}

/** Metadata that nobody who is trusted has vouched for, or not any more. */
export function untrusted(file: string, what: string, hint?: string): ProvisionError {
  return new ProvisionError('signature-refused', `${file}: ${cut(what)}`, hint === undefined ? {} : { hint });
}

function cut(what: string): string {
  return what.length > LONGEST ? `${what.slice(0, LONGEST)}…` : what;
}
