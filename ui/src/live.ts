import type { Status } from '../../src/http/api/ports.ts';
import type { MachineView } from '../../src/http/api/views.ts';
import type { Story } from '../../src/story/story.ts';
import { get, problemOf } from './api.ts';
import { newest } from './newest.ts';
import { createStore } from './store.ts';
import { follow } from './stream.ts';

/** What all views show of. */
export interface Rack {
  readonly machines: readonly MachineView[];
  /** The newest boot of each machine, by its name, else its MAC. */
  readonly stories: ReadonlyMap<string, Story>;
  readonly status: Status | undefined;
  readonly connection: 'connecting' | 'live' | 'lost';
  readonly isLoaded: boolean;
  /** Milliseconds that the server's clock is ahead of ours. */
  readonly ahead: number;
}

const NOTHING: Rack = {
  machines: [],
  stories: new Map(),
  status: undefined,
  connection: 'connecting',
  isLoaded: false,
  ahead: 0,
};

export const rack = createStore<Rack>(NOTHING);

/** A thousand machines that boot at once tell more than can be drawn: what comes together is drawn together. */
const DRAW_EVERY_MS = 200;
/**
 * Lives change with stories, and are asked for after them; else now and then. A large rack less often: the server has to
 * list it on the thread that answers DHCP.
 */
const SOON_MS = 1000;
const LARGE_SOON_MS = 5000;
const LARGE = 100;
const EVERY_MS = 15_000;

const put = (change: Partial<Rack>) => rack.set({ ...rack.get(), ...change });

/** Asks for everything again; also after an action of ours. */
export async function refresh(): Promise<void> {
  try {
    const [{ machines }, status] = await Promise.all([
      get<{ machines: MachineView[] }>('/machines'),
      get<Status>('/status'),
    ]);
    put({ machines, status, connection: 'live', isLoaded: true });
  } catch (error) {
    if (problemOf(error).status === 0) put({ connection: 'lost' });
  }
}

async function loadStories(): Promise<void> {
  try {
    const { now, stories } = await get<{ now: number; stories: Story[] }>('/stories?limit=1000');
    put({ stories: newest(rack.get().stories, stories.toReversed()), ahead: now - Date.now() });
  } catch {
    // A server that tells no stories, or none that answers: then machines are shown without.
  }
}

/** Follows the rack until the returned function is called. */
export function followRack(): () => void {
  rack.set(NOTHING);
  let waiting: Story[] = [];
  let drawing: number | undefined;
  let asking: number | undefined;
  const soon = () => {
    if (document.visibilityState !== 'visible') return;
    const wait = rack.get().machines.length > LARGE ? LARGE_SOON_MS : SOON_MS;
    asking ??= setTimeout(() => {
      asking = undefined;
      void refresh();
    }, wait);
  };
  const onSight = () => document.visibilityState === 'visible' && void refresh();
  const draw = () => {
    drawing = undefined;
    put({ stories: newest(rack.get().stories, waiting) });
    waiting = [];
  };
  const end = follow<Story>('/stories/stream', '/stories?limit=1', {
    onValue: (story) => {
      waiting.push(story);
      drawing ??= setTimeout(draw, DRAW_EVERY_MS);
      soon();
    },
    onState: (state) => {
      if (state === 'waiting') put({ connection: 'lost' });
      if (state !== 'open') return;
      put({ connection: 'live' });
      // What was told while nobody listened.
      void loadStories();
      void refresh();
    },
  });
  const timer = setInterval(onSight, EVERY_MS);
  document.addEventListener('visibilitychange', onSight);
  void refresh();
  void loadStories();
  return () => {
    end();
    document.removeEventListener('visibilitychange', onSight);
    clearInterval(timer);
    clearTimeout(drawing);
    clearTimeout(asking);
  };
}
