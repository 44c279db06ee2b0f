import type { Entry, Level } from './entry.ts';
import { catalogue, type EventId } from './event.ts';

/** The areas of the catalogue, in the order in which a boot meets them. */
const AREAS: Readonly<Record<string, string>> = {
  power: 'Power',
  dhcp: 'DHCP, proxyDHCP and BOOTP',
  bsdp: 'NetBoot (BSDP)',
  mac: 'Macs',
  tftp: 'TFTP',
  http: 'The boot HTTP listener',
  boot: 'Boot decisions',
  answer: 'Answer files',
  install: 'Installations',
  installer: 'What installers log',
  machine: 'Machines',
  server: 'The server',
  interface: 'Network interfaces',
  config: 'The configuration',
  store: 'The data folder',
  mirror: 'Mirrors',
  admin: 'The admin API',
  worker: 'Parts of the server',
  clock: 'The clock',
  loader: 'Boot loaders',
};

const LEVELS: Readonly<Record<Level, string>> = {
  error: 'error: somebody has to do something',
  warning: 'warning: probably not what was meant',
  info: 'info',
  debug: 'debug: normal noise',
};

/** docs/messages.md: every event with its level and the operator's paragraph. */
export function describeCatalogue(): string {
  const entries = Object.entries(catalogue) as [EventId, Entry<never>][];
  const areas = [...new Set(entries.map(([id]) => areaOf(id)))].toSorted((a, b) => rank(a) - rank(b));
  const sections = areas.map((area) => {
    const own = entries.filter(([id]) => areaOf(id) === area);
    return [`## ${AREAS[area] ?? area}`, ...own.map(([id, entry]) => describe(id, entry))].join('\n\n');
  });
  return `${[HEAD, ...sections].join('\n\n')}\n`;
}

const HEAD = `# Messages

Everything that the server tells, by \`watch\`, \`events\`, its log and the API. The id stands in \`--json\` and in the API, the sentence
for people is made of the event's data. This page is made from the source: \`tools/run.sh tools/write-messages.ts\`.`;

function describe(id: EventId, { level, help, isPassing }: Entry<never>): string {
  const kept = isPassing ? ' Not kept.' : '';
  return `### \`${id}\`\n\n*${LEVELS[level]}.*${kept} ${help}`;
}

function areaOf(id: EventId): string {
  return id.slice(0, id.indexOf('.'));
}

/** What is in no list comes last. */
function rank(area: string): number {
  const at = Object.keys(AREAS).indexOf(area);
  return at === -1 ? Number.MAX_SAFE_INTEGER : at;
}
