import type { FastifyInstance, FastifyReply } from 'fastify';
import { discoveredMac } from '../../machine/discovered.ts';
import { parseMac } from '../../net/mac.ts';
import type { StreamLimits } from './event-stream.ts';
import { ApiError, badRequest } from './failures.ts';
import { about, count, inputs, text, wrapped } from './inputs.ts';
import { unknownMachine } from './machine-routes.ts';
import type { ApiPorts, StoryQuery } from './ports.ts';
import { streamStories } from './story-stream.ts';
import { openStreams } from './streams.ts';

const MOST_STORIES = 5_000;
const MOST_ATTEMPTS = 50;
const MOST_EVENTS = 5_000;

const whose = { machine: text, mac: text };
const story = { $ref: '#/components/schemas/Story' };
const LIST = {
  summary:
    'The last boot of each card, the one that was heard last first. Times are ms since 1970; `now` is the server’s.',
  answer: {
    type: 'object',
    required: ['now', 'stories'],
    properties: { now: { type: 'integer' }, stories: { type: 'array', items: story } },
  },
};
const SHOW = {
  summary: 'The boots of one machine (by name) or of one card (by MAC) that are still known, the newest first.',
  answer: wrapped('attempts', 'Story', true),
  fails: [404],
};
const EVENTS = {
  summary: 'What was told of one boot: `attempt` is the `id` of its Story.',
  answer: wrapped('events', 'Event', true),
  fails: [404],
};
const PCAP = {
  summary: 'DHCP and TFTP of one boot as a capture file, without the files themselves and without secrets.',
  answer: { type: 'string', format: 'binary' },
  mediaType: 'application/vnd.tcpdump.pcap',
  fails: [404],
};
const attemptParams = inputs({ who: text, attempt: { type: 'integer', minimum: 1 } });
const STREAM = {
  summary: 'Boots as they go on, as server-sent events: each `data` is a Story, first those that there are.',
  answer: { type: 'string' },
  mediaType: 'text/event-stream',
};

interface WhoseQuery {
  machine?: string;
  mac?: string;
}

export function addStoryRoutes(app: FastifyInstance, ports: ApiPorts, limits?: Partial<StreamLimits>): void {
  const { stories, now } = ports;
  app.get<{ Querystring: WhoseQuery & { limit?: number } }>(
    '/stories',
    {
      ...about(LIST),
      schema: { querystring: inputs({ ...whose, limit: { ...count, minimum: 1, maximum: MOST_STORIES } }) },
    },
    async ({ query }, reply) => {
      const found = await stories.list({ ...queryIn(query), limit: query.limit ?? MOST_STORIES });
      return sendJson(reply, `{"now":${Math.round(now())},"stories":`, found);
    },
  );
  const streams = openStreams(app);
  app.get<{ Querystring: WhoseQuery }>(
    '/stories/stream',
    { ...about(STREAM), schema: { querystring: inputs(whose) } },
    async ({ query }, reply) => {
      const wanted = queryIn(query);
      reply.hijack();
      await streams.run(reply.raw, (response) => streamStories(response, { feed: stories, query: wanted, limits }));
    },
  );
  app.get<{ Params: { who: string }; Querystring: { limit?: number } }>(
    '/stories/:who',
    {
      ...about(SHOW),
      schema: { querystring: inputs({ limit: { ...count, minimum: 1, maximum: MOST_ATTEMPTS } }) },
    },
    async ({ params: { who }, query }, reply) => {
      const found = await stories.attempts({ ...whoIs(who), limit: query.limit ?? MOST_ATTEMPTS });
      if (found === undefined && !isKnown(ports, who)) throw unknownMachine(ports, who);
      return sendJson(reply, '{"attempts":', found ?? NONE);
    },
  );
  addAttemptRoutes(app, ports);
  addPcapRoute(app, ports);
}

/** What belongs to one attempt. */
function addAttemptRoutes(app: FastifyInstance, { stories }: ApiPorts): void {
  const limit = { ...count, minimum: 1, maximum: MOST_EVENTS };
  app.get<{ Params: { who: string; attempt: number }; Querystring: { limit?: number } }>(
    '/stories/:who/:attempt/events',
    { ...about(EVENTS), schema: { params: attemptParams, querystring: inputs({ limit }) } },
    async ({ params: { who, attempt: id }, query }, reply) => {
      const found = await stories.eventsOf({ ...whoIs(who), id, limit: query.limit ?? MOST_EVENTS });
      if (found === undefined) throw unknownAttempt(who, id);
      return sendJson(reply, '{"events":', found);
    },
  );
}

function addPcapRoute(app: FastifyInstance, { stories }: ApiPorts): void {
  app.get<{ Params: { who: string; attempt: number } }>(
    '/stories/:who/:attempt/pcap',
    { ...about(PCAP), schema: { params: attemptParams } },
    async ({ params: { who, attempt: id } }, reply) => {
      const file = await stories.pcapOf({ ...whoIs(who), id });
      if (file === undefined) throw unknownAttempt(who, id);
      return reply.type(PCAP.mediaType).send(Buffer.from(file));
    },
  );
}

function unknownAttempt(who: string, id: number): ApiError {
  const hint = `List what is known with: rackready story ${who} --json`;
  return new ApiError(404, 'unknown-attempt', `no boot ${id} of ${who} is known (any more)`, hint);
}

const NONE = Buffer.from('[]');

/** An object of which the last value is JSON already. */
function sendJson(reply: FastifyReply, head: string, value: Uint8Array): FastifyReply {
  return reply
    .type('application/json; charset=utf-8')
    .send(Buffer.concat([Buffer.from(head), value, Buffer.from('}')]));
}

function queryIn({ machine, mac }: WhoseQuery): StoryQuery {
  const parsed = mac === undefined ? undefined : parseMac(mac);
  if (mac !== undefined && parsed === undefined) throw badRequest(`"${mac}" is no MAC address`);
  return { machine, mac: parsed };
}

/** A name, or a card: by its MAC, or by the name that is made of it. */
function whoIs(who: string): StoryQuery {
  const mac = parseMac(who) ?? discoveredMac(who);
  return mac === undefined ? { machine: who } : { mac };
}

/** Of a card nobody knows whether it will ever boot: its list is empty. */
function isKnown({ machines }: ApiPorts, who: string): boolean {
  if (whoIs(who).mac !== undefined) return true;
  for (const { machine } of machines.list()) if (machine.name === who) return true;
  return false;
}
