import type { ServerResponse } from 'node:http';
import { type FastifyInstance, type FastifyRequest, fastify } from 'fastify';
import { didYouMean } from '../../config/nearest.ts';
import type { Level } from '../../event/entry.ts';
import { type Ipv4, parseIpv4 } from '../../net/ipv4.ts';
import { parseMac } from '../../net/mac.ts';
import { type EventFilter, type StreamLimits, streamEvents } from './event-stream.ts';
import { ApiError, addFailureHandlers } from './failures.ts';
import type { ApiPorts, LeaseResult, OperationResult } from './ports.ts';
import { eventView, leaseView, type MachineView, machineView, shownLeaseStates } from './views.ts';

export interface ApiOptions {
  readonly stream?: Partial<StreamLimits> | undefined;
}

/** How long the last words of a stream may take when the server stops. */
const STREAM_END_MS = 500;

const text = { type: 'string', minLength: 1, maxLength: 255 } as const;
const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
const level = { type: 'string', enum: ['debug', 'info', 'warning', 'error'] } as const;
const filterFields = { machine: text, mac: text, network: text, level };

function inputs(properties: object) {
  return { type: 'object', additionalProperties: false, properties };
}

/** The admin API, not yet listening. All of it is JSON below /api/v1. */
export function createApi(ports: ApiPorts, options: ApiOptions = {}): FastifyInstance {
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: 64 * 1024,
    // A misspelt condition must not quietly mean "no condition".
    ajv: { customOptions: { removeAdditional: false } },
  });
  addFailureHandlers(app);
  app.register(
    async (routes) => {
      addServerRoutes(routes, ports);
      addLeaseRoutes(routes, ports);
      addMachineRoutes(routes, ports);
      addEventRoutes(routes, ports, options);
    },
    { prefix: '/api/v1' },
  );
  return app;
}

function addServerRoutes(app: FastifyInstance, { server }: ApiPorts): void {
  app.get('/status', () => server.status());
  app.post('/reload', async () => {
    const result = await server.reload();
    if (result.kind === 'loaded') return { networks: result.networks, machines: result.machines };
    const hint = 'Mend the named lines; `rackready check` says the same. The old configuration stays in force.';
    throw new ApiError(422, 'config-invalid', result.problems.join('\n'), hint);
  });
}

function addLeaseRoutes(app: FastifyInstance, { leases, now }: ApiPorts): void {
  const state = { type: 'string', enum: shownLeaseStates };
  app.get<{ Querystring: { network?: string; state?: string } }>(
    '/leases',
    { schema: { querystring: inputs({ network: text, state }) } },
    ({ query }) => {
      const at = now();
      const rows = [...leases.list()].toSorted((a, b) => a.lease.address - b.lease.address);
      const views = rows.map((row) => leaseView(row, at));
      const isWanted = (view: (typeof views)[number]) =>
        (query.network === undefined || view.network === query.network) &&
        (query.state === undefined || view.state === query.state);
      return { leases: views.filter(isWanted) };
    },
  );
  const answer = (address: string, result: LeaseResult) => {
    if (result.kind === 'done') return { lease: leaseView(result.row, now()) };
    if (result.kind === 'unknown') {
      throw new ApiError(404, 'unknown-lease', `there is no lease for ${address}`, 'List them with: rackready leases');
    }
    throw new ApiError(409, 'refused', result.reason, 'Look at it with: rackready leases');
  };
  app.post<{ Params: { address: string } }>('/leases/:address/release', async ({ params: { address } }) =>
    answer(address, await leases.release(addressIn(address))),
  );
  app.delete<{ Params: { address: string } }>('/leases/:address', async ({ params: { address } }) =>
    answer(address, await leases.forget(addressIn(address))),
  );
}

function addMachineRoutes(app: FastifyInstance, ports: ApiPorts): void {
  const { machines } = ports;
  const views = () => Array.from(machines.list(), machineView);
  app.get('/machines', () => ({ machines: views().toSorted((a, b) => a.name.localeCompare(b.name, 'en')) }));
  app.get<{ Params: { name: string } }>('/machines/:name', ({ params: { name } }) => {
    const machine = views().find((view) => view.name === name);
    if (machine) return { machine };
    throw unknownMachine(ports, name);
  });
  app.post<{ Params: { name: string }; Body: { profile?: string } | null }>(
    '/machines/:name/install',
    { schema: { body: { ...inputs({ profile: text }), type: ['object', 'null'] } } },
    async ({ params: { name }, body }) => ({
      machine: operationAnswer(ports, name, await machines.install(name, body?.profile)),
    }),
  );
  app.post<{ Params: { name: string } }>('/machines/:name/cancel', async ({ params: { name } }) => ({
    machine: operationAnswer(ports, name, await machines.cancel(name)),
  }));
}

function operationAnswer(ports: ApiPorts, name: string, result: OperationResult): MachineView {
  switch (result.kind) {
    case 'done':
      return machineView(result.row);
    case 'unknown-machine':
      throw unknownMachine(ports, name);
    case 'unknown-profile': {
      const names = [...ports.machines.profiles()];
      const { profile } = result;
      const message =
        profile === undefined ? `machine ${name} names no profile` : `there is no profile "${profile}" to install`;
      const near = profile === undefined ? '' : didYouMean(profile, names);
      throw new ApiError(404, 'unknown-profile', message, `${near}Profiles: ${names.join(', ') || 'none'}`);
    }
    case 'refused':
      throw new ApiError(409, 'refused', `${name}: ${result.reason}`, `Look at it with: rackready machines ${name}`);
  }
}

function unknownMachine({ machines }: ApiPorts, name: string): ApiError {
  const names = Array.from(machines.list(), ({ machine }) => machine.name);
  const hint = `${didYouMean(name, names)}List them with: rackready machines`;
  return new ApiError(404, 'unknown-machine', `there is no machine "${name}" in the configuration`, hint);
}

interface FilterQuery {
  machine?: string;
  mac?: string;
  network?: string;
  level?: Level;
}

function addEventRoutes(app: FastifyInstance, { events }: ApiPorts, options: ApiOptions): void {
  app.get<{ Querystring: FilterQuery & { after?: number; limit?: number } }>(
    '/events',
    {
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
  const streams = new Set<ServerResponse>();
  app.addHook('preClose', () => endAll(streams));
  app.get<{ Querystring: FilterQuery & { after?: number; last?: number } }>(
    '/events/stream',
    { schema: { querystring: inputs({ ...filterFields, after: count, last: { ...count, maximum: 5000 } }) } },
    async (request, reply) => {
      const { query } = request;
      const filter = filterIn(query);
      const after = lastEventId(request) ?? query.after;
      reply.hijack();
      streams.add(reply.raw);
      await streamEvents(reply.raw, { feed: events, filter, after, last: query.last ?? 0, limits: options.stream });
      streams.delete(reply.raw);
    },
  );
}

/** Ends the streams, and waits a moment for readers to take what was written. */
async function endAll(streams: ReadonlySet<ServerResponse>): Promise<void> {
  const ends = Array.from(streams, (response) => {
    const closed = new Promise<void>((resolve) => response.once('close', resolve));
    response.end();
    return closed;
  });
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, STREAM_END_MS);
  await Promise.race([Promise.all(ends), late]);
  clearTimeout(timer);
}

function filterIn({ machine, mac, network, level: minLevel }: FilterQuery): EventFilter {
  const parsed = mac === undefined ? undefined : parseMac(mac);
  if (mac !== undefined && parsed === undefined) throw badRequest(`"${mac}" is no MAC address`);
  return { machine, mac: parsed, network, minLevel };
}

function lastEventId({ headers }: FastifyRequest): number | undefined {
  const given = headers['last-event-id'];
  if (given === undefined || given === '') return undefined;
  const number = Number(given);
  if (!Number.isSafeInteger(number) || number < 0) throw badRequest(`"${given}" is no Last-Event-ID`);
  return number;
}

function addressIn(address: string): Ipv4 {
  const parsed = parseIpv4(address);
  if (parsed === undefined) throw badRequest(`"${address}" is no IPv4 address`);
  return parsed;
}

function badRequest(message: string): ApiError {
  return new ApiError(400, 'bad-request', message, 'Mend the request.');
}
