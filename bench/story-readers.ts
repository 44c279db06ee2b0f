import { once } from 'node:events';
import { request } from 'node:http';
import { setPriority } from 'node:os';

/**
 * Those who follow, for bench/story.ts:
 *
 *     node bench/story-readers.ts SOCKET COUNT pages|streams|events
 *
 * COUNT readers of /stories/stream (events: of /events/stream), until standard input ends; then it prints how many bytes they got. `pages`: each asks for
 * machines and status as well, as the web page does (ui/src/live.ts). On a real network they are other computers: so they
 * stand back behind everything else here.
 */
const [socketPath = '', count = '10', kind = 'pages'] = process.argv.slice(2);
/** The page's, for a rack of more than a hundred. */
const ASK_EVERY_MS = 5_000;
setPriority(19);
let bytes = 0;

async function read(path: string): Promise<void> {
  const asked = request({ socketPath, path: `/api/v1${path}` }).end();
  // They are cut at the end.
  asked.on('error', () => {});
  const [response] = await once(asked, 'response');
  response.on('error', () => {});
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
}

for (let index = 0; index < Number(count); index++) {
  await read(kind === 'events' ? '/events/stream' : '/stories/stream');
  if (kind !== 'pages') continue;
  const ask = () => void Promise.all([read('/machines'), read('/status')]).catch(() => {});
  setTimeout(() => setInterval(ask, ASK_EVERY_MS), (ASK_EVERY_MS / Number(count)) * index);
}
process.stdout.write('open\n');
process.stdin.resume();
await once(process.stdin, 'end');
process.stdout.write(`${bytes}\n`, () => process.exit(0));
