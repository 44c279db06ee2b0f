import { setPriority } from 'node:os';
import type { Emit } from '../../event/event.ts';
import { wordsToShowIn } from '../../mirror/hide-passwords.ts';
import { openMirrorEngine } from './engine.ts';
import type { FromMirrorProcess, ToMirrorProcess } from './process-protocol.ts';

/** How seldom is looked whether something else than this process has changed a mirror (`bundle import`). */
const IDLE_TURNS = 10;

/** The process that works on mirrors: what it does to the disk and the network never holds up an answer to a machine. */
function run(root: string): void {
  setPriority(10);
  const tell = (message: FromMirrorProcess) => {
    // Whoever started this may be gone.
    if (process.connected) process.send?.(message);
  };
  const emit: Emit = (id, subject, data) => tell({ kind: 'event', id, subject, data: wordsToShowIn(data) });
  const engine = openMirrorEngine({ root, emit, now: Date.now, onChange: () => tellAll() });
  const isNewView = createMemory();
  const isNewScrub = createMemory();
  const tellAll = () => {
    // The states of twenty mirrors may be 10 MB, and are the same until something changes; how far a run is is told apart.
    const views = engine.views();
    const calm = views.map(({ progress, ...view }) => ({ ...view, isRunning: progress !== undefined }));
    if (isNewView(calm)) tell({ kind: 'views', views });
    const scrub = engine.scrub.view();
    if (isNewScrub(scrub)) tell({ kind: 'progress', progress: engine.progress(), scrub });
  };
  let turns = 0;
  const timer = setInterval(() => {
    turns++;
    if (turns % IDLE_TURNS === 0) tellAll();
    else if (engine.isRunning()) tell({ kind: 'progress', progress: engine.progress() });
  }, 500);
  const close = async () => {
    clearInterval(timer);
    await engine.close();
    process.exit(0);
  };
  process.on('message', async (message: ToMirrorProcess) => {
    switch (message.kind) {
      case 'configure':
        return engine.configure(message.mirrors, message.scrub);
      case 'scrub': {
        const reply = engine.scrub.act(message.action);
        // Whoever has the reply may ask at once how it is.
        tellAll();
        return tell({ kind: 'reply', id: message.id, reply });
      }
      case 'command':
        return tell({ kind: 'reply', id: message.id, reply: wordsToShowIn(await engine.command(message.command)) });
      case 'close':
        return close();
    }
  });
  // Nobody is there any more to tell anything to.
  process.on('disconnect', () => void close());
  // A terminal's Ctrl-C, and the stop of a service manager, reach all processes; main says when it is time.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
}

/** Whether a value is another one than the last. */
function createMemory(): (value: unknown) => boolean {
  let last = '';
  return (value) => {
    const text = JSON.stringify(value);
    const isNew = text !== last;
    last = text;
    return isNew;
  };
}

const [, , root] = process.argv;
if (process.send && root !== undefined) run(root);
