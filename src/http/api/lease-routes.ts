import type { FastifyInstance } from 'fastify';
import { type Ipv4, parseIpv4 } from '../../net/ipv4.ts';
import { ApiError, badRequest } from './failures.ts';
import { about, inputs, text, wrapped } from './inputs.ts';
import type { ApiPorts, LeaseResult } from './ports.ts';
import { leaseView, shownLeaseStates } from './views.ts';

const one = { answer: wrapped('lease', 'Lease'), fails: [404, 409, 503] } as const;
const RELEASE = { summary: 'Ends a lease, as if its client had given it back.', ...one };
const FORGET = { summary: 'Forgets all about an address, also that it was found in use.', ...one };

export function addLeaseRoutes(app: FastifyInstance, { leases, now }: ApiPorts): void {
  const state = { type: 'string', enum: shownLeaseStates };
  app.get<{ Querystring: { network?: string; state?: string } }>(
    '/leases',
    {
      ...about({
        summary: 'Who has which address, in order of the addresses.',
        answer: wrapped('leases', 'Lease', true),
      }),
      schema: { querystring: inputs({ network: text, state }) },
    },
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
  app.post<{ Params: { address: string } }>(
    '/leases/:address/release',
    about(RELEASE),
    async ({ params: { address } }) => answer(address, await leases.release(addressIn(address))),
  );
  app.delete<{ Params: { address: string } }>('/leases/:address', about(FORGET), async ({ params: { address } }) =>
    answer(address, await leases.forget(addressIn(address))),
  );
}

function addressIn(address: string): Ipv4 {
  const parsed = parseIpv4(address);
  if (parsed === undefined) throw badRequest(`"${address}" is no IPv4 address`);
  return parsed;
}
