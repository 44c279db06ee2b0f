import type { FastifyInstance, RouteOptions } from 'fastify';
import { components } from './components.ts';
import { about, isOpenToAll, type RouteWords } from './inputs.ts';

type Schemas = { readonly querystring?: { readonly properties?: object }; readonly body?: object };

/** Collects the routes that are added to `app` after it, and serves what they come to as OpenAPI 3.1. */
export function addOpenApi(app: FastifyInstance, version: () => string): void {
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => {
    routes.push(route);
  });
  const words = { summary: 'This document.', answer: { type: 'object' } };
  app.get('/api/v1/openapi.json', about(words), () => renderOpenApi(routes, version()));
}

/** Makes the document. A route without words is a mistake of ours, and throws. */
function renderOpenApi(routes: readonly RouteOptions[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    // Fastify answers HEAD for every GET by itself.
    if (route.method === 'HEAD' || isOpenToAll(route.config)) continue;
    const path = route.url.replace(/:(\w+)/g, '{$1}');
    paths[path] ??= {};
    paths[path][String(route.method).toLowerCase()] = operation(route, path);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'rackready admin API',
      version,
      description:
        'On the unix socket of the data folder without a token; on TCP with the token of `admin.token` in the data folder, as Bearer token or cookie.',
    },
    paths,
    components: {
      schemas: components,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        cookie: { type: 'apiKey', in: 'cookie', name: 'rackready_token' },
      },
    },
    security: [{ token: [] }, { cookie: [] }],
  };
}

function operation(route: RouteOptions, path: string): object {
  const words = (route.config as { readonly words?: RouteWords } | undefined)?.words;
  if (words === undefined)
    throw new Error(`The route ${route.method} ${route.url} has no words for the OpenAPI document`);
  const { querystring, body } = (route.schema ?? {}) as Schemas;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(querystring?.properties ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    schema,
  }));
  const failure = { description: 'Failed', content: json({ $ref: '#/components/schemas/Error' }) };
  const statuses = [...new Set([400, 401, 403, ...(words.fails ?? [])])];
  return {
    summary: words.summary,
    operationId: `${String(route.method).toLowerCase()}${path.replace(/[^A-Za-z0-9]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    parameters: [...inPath, ...inQuery],
    ...(body && { requestBody: { content: json(body) } }),
    responses: {
      200: { description: 'Done', content: { [words.mediaType ?? 'application/json']: { schema: words.answer } } },
      ...Object.fromEntries(statuses.map((status) => [status, failure])),
    },
  };
}

function json(schema: object): object {
  return { 'application/json': { schema } };
}
