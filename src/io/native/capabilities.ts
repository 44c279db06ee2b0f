import { check, type Native } from './native.ts';

/** Numbers of linux/capability.h that a server like this may need after it gave up root. */
const CAPABILITY = { CAP_NET_BIND_SERVICE: 10, CAP_NET_ADMIN: 12, CAP_NET_RAW: 13 } as const;
export type Capability = keyof typeof CAPABILITY;

const PR = { SET_KEEPCAPS: 8, SET_NO_NEW_PRIVS: 38 } as const;

/** The set as a bit mask, as in the CapEff line of /proc/self/status. */
export function capabilityMask(names: readonly Capability[]): number {
  return names.reduce((mask, name) => mask | (1 << CAPABILITY[name]), 0);
}

/** Makes the calling thread keep its permitted set when its last uid stops being 0. Throws SystemCallError. */
export function keepCapabilities(native: Native): void {
  check(native, 'PR_SET_KEEPCAPS', native.libc.prctl(PR.SET_KEEPCAPS, 1, 0, 0, 0));
}

/**
 * Gives the calling thread exactly these capabilities (effective and permitted; nothing is passed on to programs it
 * starts). capset(2), version 3: header {version, thread 0}, data 2 x {effective, permitted, inheritable}. Other threads
 * keep what they have. Throws SystemCallError.
 */
export function setCapabilities(native: Native, names: readonly Capability[]): void {
  const header = new Uint8Array(8);
  new DataView(header.buffer).setUint32(0, 0x20080522, true);
  const data = new Uint8Array(24);
  const view = new DataView(data.buffer);
  view.setUint32(0, capabilityMask(names), true);
  view.setUint32(4, capabilityMask(names), true);
  check(native, 'capset()', native.libc.capset(header, data));
}

/** The calling thread, and what it starts, can never gain rights by starting a program. Throws SystemCallError. */
export function forbidNewPrivileges(native: Native): void {
  check(native, 'PR_SET_NO_NEW_PRIVS', native.libc.prctl(PR.SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}
