import type { FastifyInstance } from 'fastify';
import { about } from '../api/inputs.ts';
import type { ApiPorts } from '../api/ports.ts';
import { formatMetrics, METRICS_TYPE } from './exposition.ts';
import { mirrorFamilies, poolFamilies } from './mirror-families.ts';
import { serverFamilies } from './server-families.ts';

const METRICS = {
  summary: 'Numbers for Prometheus, as text.',
  answer: { type: 'string' },
  mediaType: 'text/plain',
};

/** `GET /metrics` for Prometheus. It wants the token, like all of the API. */
export function addMetrics(app: FastifyInstance, ports: ApiPorts): void {
  app.get('/metrics', about(METRICS), (_request, reply) => {
    const { mirrors } = ports;
    const ofMirrors = [...mirrorFamilies(mirrors.list()), ...poolFamilies(mirrors.scrubView())];
    const families = [...serverFamilies(ports, ports.measures()), ...ofMirrors];
    return reply.type(METRICS_TYPE).send(formatMetrics(families));
  });
}
