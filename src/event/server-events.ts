import { formatCount } from '../net/amounts.ts';
import { entry } from './entry.ts';

/** What the server tells of itself. */
export const serverEvents = {
  'server.started': entry<{ version: string; config: string; data: string }>(
    'info',
    'The server is up.',
    (d) => `rackready ${d.version} is up (configuration ${d.config}, data in ${d.data})`,
  ),
  'server.stopped': entry<{ reason: string }>('info', 'The server stopped in order.', (d) => `stopped: ${d.reason}`),
  'server.listening': entry<{ what: string; where: string }>(
    'info',
    'A socket is open.',
    (d) => `${d.what} on ${d.where}`,
  ),
  'server.cannot-listen': entry<{ what: string; where: string; reason: string; next: string }>(
    'error',
    'A socket could not be opened. The rest keeps running; it is tried again.',
    (d) => `cannot serve ${d.what} on ${d.where}: ${d.reason}. ${d.next}`,
  ),
  'server.privileges': entry<{ state: string; reason: string }>(
    'info',
    'Whether the server gave up root after opening its sockets.',
    (d) => `${d.state}: ${d.reason}`,
  ),
  'interface.gone': entry<{ name: string }>(
    'error',
    'A served interface is not there (any more). It is watched for, and served again as soon as it is back.',
    (d) => `interface ${d.name} is not there; waiting for it`,
  ),
  'interface.back': entry<{ name: string }>(
    'info',
    'A served interface is there again.',
    (d) => `interface ${d.name} is back`,
  ),
  'config.loaded': entry<{ files: number; machines: number; networks: number }>(
    'info',
    'A configuration was read and is in force.',
    (d) => `configuration in force: ${formatCount(d.networks, 'network')}, ${formatCount(d.machines, 'machine')}`,
  ),
  'config.refused': entry<{ problems: readonly string[] }>(
    'error',
    'The changed configuration, or a template that it names, has errors. What was in force stays in force, all of it, the templates too.',
    (d) => `changed configuration refused, the old one stays: ${d.problems.join('; ')}`,
  ),
  'store.failed': entry<{ reason: string; next: string }>(
    'error',
    'The data folder cannot be written. No new lease is acknowledged until it can; running leases stay valid.',
    (d) => `cannot write the data folder: ${d.reason}. ${d.next}`,
  ),
  'store.recovered': entry<{ seconds: number }>(
    'info',
    'The data folder can be written again.',
    (d) => `data folder writable again after ${d.seconds} s`,
  ),
  'admin.refused': entry<{ failures: number }>(
    'warning',
    'Somebody asked the admin API by TCP without the right token. The address is where it came from; told at the first failure within a minute, and when there are many.',
    (d) => `asks the admin API without the right token (${d.failures} within a minute)`,
  ),
  'worker.died': entry<{ name: string; reason: string }>(
    'error',
    'A part of the server stopped by an error and was started again.',
    (d) => `${d.name} stopped (${d.reason}) and was started again`,
  ),
  'clock.jumped': entry<{ seconds: number }>(
    'warning',
    'The system’s clock was set. Leases are counted by a clock that does not jump; their printed end times move.',
    (d) => `the clock jumped by ${d.seconds} s; leases keep their remaining time`,
  ),
  'loader.built': entry<{ platform: string; file: string }>(
    'info',
    'A boot loader image was made from the host’s packages.',
    (d) => `made ${d.file} for ${d.platform}`,
  ),
  'loader.missing': entry<{ platform: string; reason: string; install: string }>(
    'warning',
    'Machines of this kind cannot be booted until the named package is installed.',
    (d) => `no boot loader for ${d.platform}: ${d.reason}. Install it with: ${d.install}`,
  ),
  'loader.imported': entry<{ platform: string; loader: string; packages: string; reason: string }>(
    'info',
    'This host has no such boot loader of its own, so that machines are sent the one that an imported archive brought. Once the named reason is gone, the host’s own is taken.',
    (d) => `${d.loader} for ${d.platform} is that of an imported archive (${d.packages}): ${d.reason}`,
  ),
  'loader.damaged': entry<{ platform: string; loader: string; reason: string }>(
    'warning',
    'A boot loader that came with an archive is not what it was, and is not sent to anybody. Import the archive again.',
    (d) => `${d.loader} for ${d.platform} is not offered: ${d.reason}. Import the archive again`,
  ),
  'loader.list-damaged': entry<{ reason: string; next: string }>(
    'warning',
    'The list of the boot loaders that came with archives cannot be read, so that none of them is sent to anybody. Mend the file that is named, or move it away and import the archives again.',
    (d) => `no imported boot loader is offered: ${d.reason}. ${d.next}`,
  ),
  'server.events-skipped': entry<{ count: number }>(
    'info',
    'So much happened within a second that lesser events were counted and not kept. Everything was answered all the same.',
    (d) => `${d.count} lesser events of the last second were not kept`,
  ),
  'server.limited': entry<{ what: string; reason: string }>(
    'warning',
    'Something works with less than it could on this host. The reason says what is missing and what that costs.',
    (d) => `${d.what} works with limits: ${d.reason}`,
  ),
} as const;
