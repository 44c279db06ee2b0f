import { type FastifyInstance, fastify } from 'fastify';
import { addMetrics } from '../metrics/metrics-route.ts';
import type { PageFile } from '../page/page-files.ts';
import { addPage } from '../page/page-routes.ts';
import { addConfigRoutes } from './config-routes.ts';
import { addEventRoutes } from './event-routes.ts';
import type { StreamLimits } from './event-stream.ts';
import { addFailureHandlers } from './failures.ts';
import { addGuard, type GuardOptions } from './guard.ts';
import { addLeaseRoutes } from './lease-routes.ts';
import { addMachineRoutes } from './machine-routes.ts';
import { addMirrorRoutes } from './mirror-routes.ts';
import { addOpenApi } from './openapi.ts';
import type { ApiPorts } from './ports.ts';
import { addServerRoutes } from './server-routes.ts';
import { addStoryRoutes } from './story-routes.ts';

export interface ApiOptions {
  readonly stream?: Partial<StreamLimits> | undefined;
  /** For TCP: who may ask. Without it everybody who can connect may. */
  readonly guard?: GuardOptions | undefined;
  /** The web page; absent: only the API. */
  readonly page?: readonly PageFile[] | undefined;
}

/** Time for a whole request. Streams are answers, and last as long as they like. */
const REQUEST_MS = 30_000;
/** From TCP, at a time. */
const MOST_CONNECTIONS = 1_000;

/** The admin API, not yet listening. All of it is JSON below /api/v1, but for /metrics. */
export function createApi(ports: ApiPorts, options: ApiOptions = {}): FastifyInstance {
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: 64 * 1024,
    // Fastify sets none: whoever never ends a request would keep its connection for ever, also without the token.
    requestTimeout: REQUEST_MS,
    // A misspelt condition must not quietly mean "no condition".
    ajv: { customOptions: { removeAdditional: false } },
  });
  addFailureHandlers(app);
  addOpenApi(app, () => ports.server.status().version);
  if (options.guard) {
    // The descriptors are those of the process that answers machines.
    app.server.maxConnections = MOST_CONNECTIONS;
    addGuard(app, options.guard);
  }
  addPage(app, options.page ?? []);
  addMetrics(app, ports);
  app.register(
    async (routes) => {
      addServerRoutes(routes, ports);
      addLeaseRoutes(routes, ports);
      addMachineRoutes(routes, ports);
      addConfigRoutes(routes, ports);
      addMirrorRoutes(routes, ports);
      addEventRoutes(routes, ports, options.stream);
      addStoryRoutes(routes, ports, options.stream);
    },
    { prefix: '/api/v1' },
  );
  return app;
}
