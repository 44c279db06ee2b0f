import type { FastifyInstance } from 'fastify';
import { ApiError } from './failures.ts';
import { about, inputs } from './inputs.ts';
import type { ApiPorts, ReloadOptions } from './ports.ts';

const STATUS = { $ref: '#/components/schemas/Status' };
const number = { type: 'integer' } as const;
const RELOAD = {
  summary:
    'Reads the configuration again. With errors the old one stays in force (422). `onlyChanges`: what was read already is not told again.',
  answer: { type: 'object', required: ['networks', 'machines'], properties: { networks: number, machines: number } },
  fails: [422],
} as const;

export function addServerRoutes(app: FastifyInstance, { server }: ApiPorts): void {
  app.get('/status', about({ summary: 'What the server serves, and where.', answer: STATUS }), () => server.status());
  const body = { ...inputs({ onlyChanges: { type: 'boolean' } }), type: ['object', 'null'] };
  app.post<{ Body: ReloadOptions | null }>('/reload', { ...about(RELOAD), schema: { body } }, async ({ body }) => {
    const result = await server.reload(body ?? {});
    if (result.kind === 'loaded') return { networks: result.networks, machines: result.machines };
    const hint = 'Mend the named lines; `rackready check` says the same. The old configuration stays in force.';
    throw new ApiError(422, 'config-invalid', result.problems.join('\n'), hint);
  });
}
