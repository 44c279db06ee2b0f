import type { FastifyInstance } from 'fastify';
import type { ScrubAction } from '../../mirror/run/scrub.ts';
import { TAG_PATTERN } from '../../mirror/run/state.ts';
import { ApiError } from './failures.ts';
import { about, inputs, text, wrapped } from './inputs.ts';
import { mirrorJson, scrubJson } from './mirror-json.ts';
import type { ApiPorts, MirrorOrder } from './ports.ts';

const flag = { type: 'boolean' } as const;
const label = { type: 'string', pattern: TAG_PATTERN } as const;

interface Verb {
  readonly words: string;
  readonly body: object;
  readonly order: (name: string, body: Body) => MirrorOrder;
  /** What the answer has besides `text`. */
  readonly more?: object;
}

interface Body {
  readonly force?: boolean;
  readonly to?: string;
  readonly tag?: string;
  readonly snapshot?: string;
  readonly frozen?: boolean;
}

/** What can be asked of a mirror, by the last word of the path. */
const VERBS: Readonly<Record<string, Verb>> = {
  sync: {
    words: 'Begins a run, or joins the one in progress. `force`: also when the upstream says that nothing is new.',
    body: inputs({ force: flag }),
    order: (name, { force }) => ({ kind: 'sync', name, isForced: force ?? false }),
  },
  stop: {
    words: 'Stops the run in progress; the next one goes on where it was.',
    body: inputs({}),
    order: (name) => ({ kind: 'stop', name }),
  },
  approve: {
    words:
      'Publishes the state that is held; with `snapshot`, the id of it or its beginning, only when it is that one.',
    body: inputs({ snapshot: text }),
    order: (name, { snapshot }) => ({ kind: 'approve', name, snapshot }),
  },
  rollback: {
    words: 'Serves an older snapshot, and freezes the mirror there.',
    body: { ...inputs({ to: text }), required: ['to'] },
    order: (name, { to = '' }) => ({ kind: 'rollback', name, to }),
  },
  tag: {
    words:
      'Gives a snapshot a name, by which it is served and which keeps it. Without `snapshot` the name is taken away. `before` is the snapshot that had it, or null.',
    body: { ...inputs({ tag: label, snapshot: text }), required: ['tag'] },
    order: (name, { tag = '', snapshot }) => ({ kind: 'tag', name, tag, snapshot }),
    more: { before: { type: ['string', 'null'] } },
  },
  freeze: {
    words: 'Keeps a mirror as it is, or (`frozen: false`) lets it follow its upstream again.',
    body: inputs({ frozen: flag }),
    order: (name, { frozen }) => ({ kind: 'freeze', name, isFrozen: frozen ?? true }),
  },
  prune: {
    words: 'Forgets old snapshots, and deletes what nobody needs any more.',
    body: inputs({}),
    order: (name) => ({ kind: 'prune', name }),
  },
  verify: {
    words:
      'Reads all that is served, in all states, and fails (409) with `findings` when something is not what it should be.',
    body: inputs({}),
    order: (name) => ({ kind: 'verify', name }),
  },
};

const DONE = answerWith({});

/** `text`, and what else there is. */
function answerWith(more: object) {
  return {
    type: 'object',
    required: ['text', ...Object.keys(more)],
    properties: { text: { type: 'string' }, ...more },
  };
}

export function addMirrorRoutes(app: FastifyInstance, ports: ApiPorts): void {
  const { mirrors } = ports;
  addScrubRoutes(app, ports);
  const views = () => mirrors.list().map(mirrorJson);
  const list = { summary: 'The mirrors, and how they are.', answer: wrapped('mirrors', 'Mirror', true) };
  app.get('/mirrors', about(list), () => ({ mirrors: views() }));
  const show = { summary: 'One mirror.', answer: wrapped('mirror', 'Mirror'), fails: [404] };
  app.get<{ Params: { name: string } }>('/mirrors/:name', about(show), ({ params: { name } }) => {
    const mirror = views().find((view) => view.name === name);
    if (mirror) return { mirror };
    throw unknownMirror(name);
  });
  for (const [verb, { words, body, order, more = {} }] of Object.entries(VERBS)) {
    app.post<{ Params: { name: string }; Body: Body | null }>(
      `/mirrors/:name/${verb}`,
      {
        ...about({ summary: words, answer: answerWith(more), fails: [404, 409] }),
        schema: { body: { ...body, type: ['object', 'null'] } },
      },
      async ({ params: { name }, body: given }) => {
        const reply = await mirrors.command(order(name, given ?? {}));
        if (reply.kind === 'done') return { text: reply.text, before: reply.before };
        if (reply.kind === 'unknown-mirror') throw unknownMirror(name);
        const { reason, hint, findings } = reply;
        throw new ApiError(409, 'refused', `${name}: ${reason}`, hint, { findings });
      },
    );
  }
}

/** Reading everything again: see `mirror scrub`. */
function addScrubRoutes(app: FastifyInstance, { mirrors }: ApiPorts): void {
  const show = {
    summary: 'How far reading everything again is.',
    answer: wrapped('scrub', 'Scrub'),
    fails: [404, 409],
  };
  app.get('/scrub', about(show), () => {
    refuseWithout(mirrors);
    const view = mirrors.scrubView();
    if (view === undefined) {
      const hint = 'Try once more in a moment.';
      throw new ApiError(409, 'refused', 'the mirror process has not said anything of it yet', hint);
    }
    return { scrub: scrubJson(view) };
  });
  const action = { type: 'string', enum: ['start', 'pause', 'resume'] } as const;
  app.post<{ Body: { action: ScrubAction } }>(
    '/scrub',
    {
      ...about({
        summary: 'Begins, pauses or goes on with reading everything again.',
        answer: DONE,
        fails: [404, 409],
      }),
      schema: { body: { ...inputs({ action }), required: ['action'] } },
    },
    async ({ body }) => {
      refuseWithout(mirrors);
      const reply = await mirrors.scrub(body.action);
      if (reply.kind === 'done') return { text: reply.text };
      const [reason, hint] = reply.kind === 'refused' ? [reply.reason, reply.hint] : ['there are no mirrors', ''];
      throw new ApiError(409, 'refused', reason, hint);
    },
  );
}

/** Without mirrors there is no process that could answer. */
function refuseWithout(mirrors: ApiPorts['mirrors']): void {
  if (mirrors.list().length > 0) return;
  throw new ApiError(404, 'no-mirrors', 'there are no mirrors', 'docs/mirrors.md says how to have some.');
}

function unknownMirror(name: string): ApiError {
  return new ApiError(404, 'unknown-mirror', `there is no mirror ${name}`, 'List them with: rackready mirror list');
}
