import { setPriority } from 'node:os';
import type { Emit } from '../../event/event.ts';
import { hidePasswordsIn } from '../../mirror/hide-passwords.ts';
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
  const emit: Emit = (id, subject, data) => tell({ kind: 'event', id, subject, data: hidePasswordsIn(data) });
  const engine = openMirrorEngine({ root, emit, now: Date.now, onChange: () => tellViews() });
  let told = '';
  const tellViews = () => {
    const message = { kind: 'views', views: engine.views(), scrub: engine.scrub.view() } as const;
    const text = JSON.stringify(message);
    if (text === told) return;
    told = text;
    tell(message);
  };
  let turns = 0;
  const timer = setInterval(() => {
    turns++;
    if (turns % IDLE_TURNS === 0) tellViews();
    // The states of twenty mirrors may be 10 MB, and are the same until something changes.
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
      case 'scrub':
        return tell({ kind: 'reply', id: message.id, reply: engine.scrub.act(message.action) });
      case 'command':
        return tell({ kind: 'reply', id: message.id, reply: hidePasswordsIn(await engine.command(message.command)) });
      case 'close':
        return close();
    }
  });
  // Nobody is there any more to tell anything to.
  process.on('disconnect', () => void close());
  // A terminal's Ctrl-C, and the stop of a service manager, reach all processes; main says when it is time.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
}

const [, , root] = process.argv;
if (process.send && root !== undefined) run(root);
