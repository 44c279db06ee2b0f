import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Level } from '../../event/entry.ts';
import { catalogue, type EventId } from '../../event/event.ts';
import type { EventFilter } from '../../event/query.ts';
import { parseMac } from '../../net/mac.ts';
import { createEventTexts, type StreamLimits, streamEvents } from './event-stream.ts';
import { badRequest } from './failures.ts';
import { about, count, inputs, text, wrapped } from './inputs.ts';
import type { ApiPorts } from './ports.ts';
import { openStreams } from './streams.ts';
import { eventView } from './views.ts';

const level = { type: 'string', enum: ['debug', 'info', 'warning', 'error'] } as const;
const id = { type: 'string', enum: Object.keys(catalogue) } as const;
const filterFields = { machine: text, mac: text, network: text, level, id };

interface FilterQuery {
  machine?: string;
  mac?: string;
  network?: string;
  level?: Level;
  id?: EventId;
}

export function addEventRoutes(app: FastifyInstance, { events }: ApiPorts, stream?: Partial<StreamLimits>): void {
  app.get<{ Querystring: FilterQuery & { after?: number; limit?: number } }>(
    '/events',
    {
      ...about({
        summary: 'What happened: the newest, or with `after` what followed.',
        answer: wrapped('events', 'Event', true),
      }),
      schema: {
        querystring: inputs({ ...filterFields, after: count, limit: { ...count, minimum: 1, maximum: 5000 } }),
      },
    },
    async ({ query }) => {
      const { after, limit = 100 } = query;
      const found = await events.list({ ...filterIn(query), after, limit });
      return { events: found.map(eventView) };
    },
  );
  const streams = openStreams(app);
  const textOf = createEventTexts();
  app.get<{ Querystring: FilterQuery & { after?: number; last?: number } }>(
    '/events/stream',
    {
      ...about({
        summary: 'What happens, as server-sent events; each `data` is an Event, each `id` its seq (Last-Event-ID).',
        answer: { type: 'string' },
        mediaType: 'text/event-stream',
      }),
      schema: { querystring: inputs({ ...filterFields, after: count, last: { ...count, maximum: 5000 } }) },
    },
    async (request, reply) => {
      const { query } = request;
      const filter = filterIn(query);
      const after = lastEventId(request) ?? query.after;
      reply.hijack();
      const options = { feed: events, filter, after, last: query.last ?? 0, textOf, limits: stream };
      await streams.run(reply.raw, (response, ending) => streamEvents(response, { ...options, ending }));
    },
  );
}

function filterIn({ machine, mac, network, level: minLevel, id: only }: FilterQuery): EventFilter {
  const parsed = mac === undefined ? undefined : parseMac(mac);
  if (mac !== undefined && parsed === undefined) throw badRequest(`"${mac}" is no MAC address`);
  return { machine, mac: parsed, network, minLevel, id: only };
}

function lastEventId({ headers }: FastifyRequest): number | undefined {
  const given = headers['last-event-id'];
  if (given === undefined || given === '') return undefined;
  const number = Number(given);
  if (!Number.isSafeInteger(number) || number < 0) throw badRequest(`"${given}" is no Last-Event-ID`);
  return number;
}
