import { ProvisionError } from '../net/provision-error.ts';

/** Metadata that cannot be read, contradict themselves or lead out of their tree. `file`: where, below the tree's root. */
export function broken(file: string, what: string, hint?: string): ProvisionError {
  return new ProvisionError('upstream-failed', `${file}: ${what}`, hint === undefined ? {} : { hint });
}

/** Metadata that nobody who is trusted has vouched for, or not any more. */
export function untrusted(file: string, what: string, hint?: string): ProvisionError {
  return new ProvisionError('signature-refused', `${file}: ${what}`, hint === undefined ? {} : { hint });
}
