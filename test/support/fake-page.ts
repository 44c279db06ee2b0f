import type { TestContext } from 'node:test';
import { createApi } from '../../src/http/api/create-api.ts';
import type { MachineRow, StoryFeed } from '../../src/http/api/ports.ts';
import { readPageFiles } from '../../src/http/page/page-files.ts';
import type { Machine } from '../../src/machine/machine.ts';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import { type Mac, mac } from '../../src/net/mac.ts';
import type { Story } from '../../src/story/story.ts';
import { fakePorts, type MemoryFeed } from './api.ts';

export const PAGE_TOKEN = 'page-token-page-token-page-token-page-token';
const PAGE_FOLDER = new URL('../../ui/dist', import.meta.url).pathname;

/** A server of the page with as many machines as wanted behind it, which do what the test tells. */
export interface FakePage {
  readonly base: string;
  readonly link: string;
  readonly calls: readonly string[];
  readonly feed: MemoryFeed;
  tellStory(story: Story): void;
}

export function fakeMac(index: number): Mac {
  const hex = (value: number) => value.toString(16).padStart(2, '0');
  return mac(`02:00:00:00:${hex(index >> 8)}:${hex(index & 255)}`);
}

function fakeMachine(index: number): Machine {
  const name = `n${String(index).padStart(4, '0')}`;
  return {
    name,
    macs: [fakeMac(index)],
    address: (0x0a010100 + index) as Ipv4,
    hostName: name,
    profile: index % 3 === 0 ? 'rocky-9' : 'debian-12',
    kind: 'pc',
    secureBoot: false,
    addressing: 'dhcp',
    loader: 'auto',
    vars: {},
  };
}

/** A boot that stands at its kernel. */
export function fakeStory(index: number, at: number, change: Partial<Story> = {}): Story {
  const stage = (name: Story['stages'][number]['name'], from: number, to: number | undefined) => ({
    name,
    state: to === undefined ? ('running' as const) : ('done' as const),
    startedAt: at + from,
    endedAt: to === undefined ? undefined : at + to,
    bytes: 1_000_000,
    transfers: [],
    transferCount: 0,
    words: {},
  });
  return {
    id: index + 1,
    mac: fakeMac(index),
    machine: `n${String(index).padStart(4, '0')}`,
    network: 'big',
    startedAt: at,
    lastAt: at + 5000,
    firmware: 'PXE firmware, uefi-x64',
    decision: 'install debian-12',
    stages: [stage('firmware', 0, 1800), stage('loader', 1800, 2600), stage('kernel', 2600, undefined)],
    outcome: 'running',
    standing: 'loads its kernel',
    diagnoses: [],
    now: at + 5000,
    ...change,
  };
}

const bytes = (text: string) => new TextEncoder().encode(text);
const pieceOf = (story: Story) => bytes(`data: ${JSON.stringify(story)}\n\n`);

export async function openFakePage(
  t: Pick<TestContext, 'after'>,
  options: { readonly machines?: number; readonly stories?: readonly Story[]; readonly port?: number } = {},
): Promise<FakePage> {
  const { ports, feed, calls } = fakePorts();
  const rows = Array.from(
    { length: options.machines ?? 3 },
    (_, index): MachineRow => ({ machine: fakeMachine(index) }),
  );
  const stories = new Map((options.stories ?? []).map((story) => [story.mac, story]));
  const takers = new Set<(piece: Uint8Array) => void>();
  const machines = { ...ports.machines, list: () => rows };
  const guard = { token: PAGE_TOKEN, hostNames: [], now: Date.now, onRefused: () => {} };
  const feedOfStories: StoryFeed = {
    list: async () => bytes(JSON.stringify([...stories.values()])),
    attempts: async ({ machine, mac: asked }) => {
      const fits = (story: Story) => (machine === undefined ? story.mac === asked : story.machine === machine);
      return bytes(JSON.stringify([...stories.values()].filter(fits)));
    },
    eventsOf: async () => bytes('[]'),
    pcapOf: async () => undefined,
    follow: (_, take) => {
      takers.add(take);
      return { ready: () => {}, end: () => takers.delete(take) };
    },
  };
  const app = createApi(
    { ...ports, machines, stories: feedOfStories, now: Date.now },
    { guard, page: readPageFiles(PAGE_FOLDER) },
  );
  const base = await app.listen({ host: '127.0.0.1', port: options.port ?? 0 });
  t.after(() => app.close());
  return {
    base,
    link: `${base}/#token=${PAGE_TOKEN}`,
    calls,
    feed,
    tellStory: (story) => {
      stories.set(story.mac, story);
      for (const take of takers) take(pieceOf(story));
    },
  };
}
