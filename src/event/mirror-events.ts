import { formatBytes, formatPart } from '../net/amounts.ts';
import { entry } from './entry.ts';

/** What mirrors tell. */
export const mirrorEvents = {
  'mirror.started': entry<{ mirror: string; why: string }>(
    'info',
    'A run of a mirror began: by its schedule, or by command. `rackready mirror status NAME` shows how far it is.',
    (d) => `mirror ${d.mirror}: a run began (${d.why})`,
  ),
  'mirror.progress': entry<{
    mirror: string;
    phase: string;
    filesDone: number;
    filesTotal: number;
    bytesDone: number;
    bytesTotal: number;
    bytesPerSecond: number;
    secondsLeft?: number | undefined;
    retries: number;
  }>(
    'debug',
    'How far a run is, every few seconds; `secondsLeft` is there when it can be known.',
    (d) =>
      `mirror ${d.mirror}: ${d.phase}, ${d.filesDone} of ${d.filesTotal} files, ${formatPart(d.bytesDone, d.bytesTotal)}${d.secondsLeft === undefined ? '' : `, ${d.secondsLeft} s left`}`,
  ),
  'mirror.published': entry<{ mirror: string; snapshot: string; reason: string }>(
    'info',
    'A new snapshot is served: everything in it was verified before it became visible.',
    (d) => `mirror ${d.mirror}: ${d.snapshot} is served (${d.reason})`,
  ),
  'mirror.unchanged': entry<{ mirror: string }>(
    'info',
    'The upstream has nothing new.',
    (d) => `mirror ${d.mirror}: nothing new`,
  ),
  'mirror.held': entry<{ mirror: string; reason: string; next: string; snapshot?: string; change?: string }>(
    'error',
    'The upstream’s new state waits for you, and the old one is served: it would have taken away much, goes back, or is not signed as it should be. `rackready mirror status NAME` shows why, and what it would change; `rackready mirror approve NAME SNAPSHOT` publishes it all the same.',
    (d) => {
      const what = d.snapshot === undefined ? 'the new state' : `the new state ${d.snapshot} (${d.change})`;
      return `mirror ${d.mirror}: ${what} is held: ${d.reason}. ${d.next}`;
    },
  ),
  'mirror.failed': entry<{ mirror: string; reason: string; next: string }>(
    'error',
    'A run ended without a new snapshot; the old one is served. What was fetched is kept, and the next run goes on with it.',
    (d) => `mirror ${d.mirror}: the run failed: ${d.reason}. ${d.next}`,
  ),
  'mirror.stopped': entry<{ mirror: string; reason: string }>(
    'info',
    'A run was stopped, by command or because the server stops. The next one goes on where it was.',
    (d) => `mirror ${d.mirror}: ${d.reason}`,
  ),
  'mirror.refused-file': entry<{ mirror: string; path: string; reason: string }>(
    'warning',
    'A file of the upstream could not be had, or is not what the upstream’s own metadata say. It is not served.',
    (d) => `mirror ${d.mirror}: ${d.path} is refused: ${d.reason}`,
  ),
  'mirror.pruned': entry<{ mirror: string; snapshots: number; files: number; bytes: number }>(
    'info',
    'Old snapshots were forgotten, and what nobody needs any more was deleted.',
    (d) =>
      `mirror ${d.mirror}: ${d.snapshots} old snapshots forgotten, ${d.files} files (${formatBytes(d.bytes)}) deleted`,
  ),
  'mirror.damaged': entry<{ mirror: string; files: number; example: string; next: string }>(
    'error',
    'Files of a mirror are not what they were: a disk or somebody has changed them. They are not served any more, and fetched again, as `next` says. Look at the disk.',
    (d) => `mirror ${d.mirror}: ${d.files} files are damaged and taken out, ${d.example} for example. ${d.next}`,
  ),
  'mirror.scrubbed': entry<{ files: number; bytes: number; damaged: number }>(
    'info',
    'Everything that mirrors have was read and compared with its checksum.',
    (d) => `mirrors: ${d.files} files (${formatBytes(d.bytes)}) were read again, ${d.damaged} of them were damaged`,
  ),
  'mirror.scrub-failed': entry<{ reason: string }>(
    'error',
    'What mirrors have could not be read and compared with its checksums. It is tried again in an hour. Look at the disk.',
    (d) => `mirrors: reading everything again ended early: ${d.reason}`,
  ),
  'mirror.changed': entry<{ mirror: string; what: string }>(
    'info',
    'Somebody changed what a mirror serves or does, by command.',
    (d) => `mirror ${d.mirror}: ${d.what}`,
  ),
} as const;
