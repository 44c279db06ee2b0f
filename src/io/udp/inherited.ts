/** A socket that systemd opened for us (`.socket` unit), not looked at yet. */
export interface InheritedSocket {
  readonly fd: number;
  /** FileDescriptorName=, or "unknown". */
  readonly name: string;
}

/**
 * The descriptors that sd_listen_fds(3) tells of: they begin at 3, and are ours only when LISTEN_PID is this process.
 * Give the unit one `.socket` file per interface and port:
 *
 *     ListenDatagram=0.0.0.0:67  BindToDevice=eth1  Broadcast=yes  FileDescriptorName=eth1
 *
 * A name cannot contain a colon (it separates the names), so `eth1` stands for all ports and `eth1-67` for one; which
 * port a descriptor really has is read from the kernel.
 */
export function inheritedSockets(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): readonly InheritedSocket[] {
  if (Number(environment.LISTEN_PID) !== pid) return [];
  const count = Number(environment.LISTEN_FDS ?? 0);
  if (!Number.isInteger(count) || count < 0 || count > 1_000) return [];
  const names = (environment.LISTEN_FDNAMES ?? '').split(':');
  return Array.from({ length: count }, (_, index) => ({ fd: 3 + index, name: names[index] || 'unknown' }));
}

/** Whether a name is meant for this interface and port. */
export function isNamed(name: string, networkInterface: string, port: number): boolean {
  return name === networkInterface || name === `${networkInterface}-${port}`;
}
