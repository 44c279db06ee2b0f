import { entry } from './entry.ts';

/** What boot decisions, grants and installations tell. */
export const bootEvents = {
  'boot.config': entry<{ file: string; loader: string; decision: string; reason: string; profile?: string }>(
    'info',
    'A boot loader asked what to do, and was told. `decision` is install, local, hold or ignore; `reason` says why.',
    (d) => `${d.loader} is told: ${d.decision}${d.profile ? ` ${d.profile}` : ''} (${d.reason})`,
  ),
  'boot.alias': entry<{ asked: string; given: string }>(
    'info',
    'A loader asked for a file in the wrong folder, and was given it from the right one. shim does so when it was loaded by a DHCP answer without a `file` field, which only another server sends.',
    (d) => `asks for ${d.asked}, and is given ${d.given}`,
  ),
  'boot.local-way': entry<{ way: string; cycles: number }>(
    'warning',
    'The machine was told to boot from its disk and came back to the network each time. From now on it is told another way to its disk. Nothing is installed by this.',
    (d) => `came back ${d.cycles} times from booting its disk; now it tries another way: ${d.way}`,
  ),
  'boot.held': entry<{ profile: string; reason: string }>(
    'error',
    'The machine would have started the same installation again without having reported the first. It was stopped, nothing is erased. Look at the installer’s screen; `rackready install MACHINE` grants a new installation.',
    (d) => `is held: ${d.reason}`,
  ),
  'boot.not-rendered': entry<{ file: string; reason: string }>(
    'error',
    'A file could not be made for this machine. The reason names the template’s line.',
    (d) => `cannot be given ${d.file}: ${d.reason}`,
  ),
  'answer.fetched': entry<{ profile: string; file: string }>(
    'info',
    'The installer fetched its answer file by its one-time token. From now on the same token gives nothing.',
    (d) => `fetched its answer file for ${d.profile}`,
  ),
  'answer.refused': entry<{ reason: string }>(
    'warning',
    'An answer file was asked for and not given: wrong address, used token, no grant, or too late.',
    (d) => `gets no answer file: ${d.reason}`,
  ),
  'install.granted': entry<{
    profile: string;
    via: string;
    /** The machine's first card: of one that was never switched on nothing else is known. */
    mac?: string;
  }>(
    'info',
    'The machine may be installed, once. The time that its profile gives an installation starts when the installer is first sent.',
    (d) =>
      `may be installed with ${d.profile}, once (${d.via === 'file' ? 'install: once in the configuration' : 'granted by an operator'})`,
  ),
  'install.started': entry<{ profile: string }>(
    'info',
    'The installer reported that it began.',
    (d) => `began to install ${d.profile}`,
  ),
  'install.chosen': entry<{ profile: string; disk: string; diskId?: string; diskBytes?: number; nic?: string }>(
    'info',
    'The installer has chosen the disk that it is about to erase. `diskId` is the name that the disk has at every start, `nic` the card that is installed over. `rackready machines MACHINE` shows both from now on.',
    (d) =>
      `will erase ${d.diskId ?? d.disk}${d.diskId === undefined ? '' : ` (${d.disk})`}${d.diskBytes === undefined ? '' : `, ${(d.diskBytes / 1e9).toFixed(1)} GB`}, and install ${d.profile} there`,
  ),
  'install.reported': entry<{ profile: string }>(
    'info',
    'The installer reported success. The grant is used up, and the machine boots from its disk. It counts as installed when its own system answers by SSH with the host key that the installer reported.',
    (d) => `reports that ${d.profile} is installed; now its own system is waited for`,
  ),
  'install.done': entry<{ profile: string; how: string; verified: boolean }>(
    'info',
    'The machine is installed. With `verified` its own system has shown the SSH host key that the installer reported, and it is ready. Otherwise `how` says what is known instead: look whether it is the system that you expect.',
    (d) =>
      d.verified
        ? `is ready, installed with ${d.profile}: ${d.how}`
        : `is installed with ${d.profile}, not verified: ${d.how}`,
  ),
  'install.failed': entry<{ profile: string; reason: string }>(
    'error',
    'The installation ended without success. The grant is used up; `rackready install MACHINE` grants another.',
    (d) => `was not installed with ${d.profile}: ${d.reason}`,
  ),
  'install.log': entry<{ profile: string; lines: number; text: string }>(
    'info',
    'The end of the installer’s own log, which came with its report of a failure. `text` is the log.',
    (d) => `sent ${d.lines} lines of its installer’s log; the last: ${d.text.slice(d.text.lastIndexOf('\n') + 1)}`,
  ),
  'install.cancelled': entry<{ profile: string }>(
    'info',
    'Somebody took the grant back; or its machine was taken out of the configuration, and its name came back for other cards.',
    (d) => `installation with ${d.profile} cancelled`,
  ),
  'installer.log': entry<{ program?: string; text: string }>(
    'debug',
    'A line of the installer’s log, sent by syslog. `rackready events --machine NAME --level debug` shows them.',
    (d) => `logs${d.program ? ` (${d.program})` : ''}: ${d.text}`,
  ),
  'installer.error': entry<{ program?: string; text: string }>(
    'info',
    'A line of the installer’s log that it marked as an error. Many are harmless; they matter when the installation then fails.',
    (d) => `logs an error${d.program ? ` (${d.program})` : ''}: ${d.text}`,
  ),
  'machine.retired': entry<{ before: string }>(
    'info',
    'Somebody retired the machine. It keeps its address and boots from its disk; it is never installed, and grants are refused, until `rackready machines unretire MACHINE`.',
    () => 'is retired: it boots from its disk and is never installed',
  ),
  'machine.unretired': entry<{ state: string }>(
    'info',
    'Somebody took the retirement back. The machine may be installed again when that is granted.',
    (d) => `is not retired any more; it is ${d.state} again`,
  ),
  'machine.adopted': entry<{ before: string; state: string }>(
    'info',
    'The machine is called otherwise in the configuration now, or was taken into it or out of it. It is known by its MAC address, and keeps its state: what is installed is not installed again by `install: once`.',
    (d) => `was known as ${d.before}, and stays ${d.state}`,
  ),
  'machine.seen': entry<{ vendorClass?: string; uuid?: string }>(
    'info',
    'A machine that the configuration does not name was heard for the first time.',
    (d) => `is unknown here${d.vendorClass ? ` (${d.vendorClass})` : ''}`,
  ),
} as const;
