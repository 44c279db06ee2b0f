import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FastifyInstance, fastify } from 'fastify';
import { fakePorts, tellBoot } from '../../../test/support/api.ts';
import type { MirrorView } from '../../mirror/mirror-view.ts';
import { components } from './components.ts';
import { createApi } from './create-api.ts';

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

interface Operation {
  readonly summary: string;
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, object>>;
}

const guard = { token: 'x'.repeat(43), hostNames: [], now: () => 0, onRefused: () => {} };
const bearer = { authorization: `Bearer ${guard.token}`, host: '127.0.0.1:8067' };

async function documentOf(app: FastifyInstance): Promise<Document> {
  return (await app.inject({ url: '/api/v1/openapi.json', headers: bearer })).json<Document>();
}

/** The routes by fastify's own account of itself: "GET /api/v1/machines/{name}". */
function routesOf(app: FastifyInstance): string[] {
  const lines: string[] = [];
  const stack: string[] = [];
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent = '', path = '', methods] = /^([│ ]*[├└]── )(\S*?)(?: \(([A-Z, ]+)\))?$/u.exec(line) ?? [];
    if (indent === '') continue;
    stack.length = indent.length / 4 - 1;
    stack.push(path);
    for (const method of (methods ?? '').split(', ')) {
      if (method !== '' && method !== 'HEAD') lines.push(`${method} ${stack.join('').replace(/:(\w+)/g, '{$1}')}`);
    }
  }
  return lines.toSorted();
}

for (const options of [{}, { guard }]) {
  test(`every route is in the document, and nothing else (${'guard' in options ? 'TCP' : 'unix socket'})`, async () => {
    const app = createApi(fakePorts().ports, options);
    await app.ready();
    const { openapi, paths } = await documentOf(app);
    assert.equal(openapi, '3.1.0');
    const told = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual(told.toSorted(), routesOf(app));
    assert.ok(told.includes('GET /api/v1/machines/{name}/render'));
  });
}

test('each operation has words, its own id, its path’s parameters, and only schemas that are there', async () => {
  const app = createApi(fakePorts().ports);
  const document = await documentOf(app);
  const ids = new Set<string>();
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const operation of Object.values(operations)) {
      assert.match(operation.summary, /\.$/);
      assert.equal(ids.has(operation.operationId), false);
      ids.add(operation.operationId);
      const named = operation.parameters.filter((one) => one.in === 'path').map(({ name }) => name);
      assert.deepEqual(
        named,
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
      );
    }
  }
  const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
  assert.deepEqual([...new Set(references)].toSorted(), Object.keys(document.components.schemas).toSorted());
});

const answers: readonly (readonly [string, string, keyof typeof components, 'GET' | 'POST'])[] = [
  ['/status', '', 'Status', 'GET'],
  ['/leases', 'leases', 'Lease', 'GET'],
  ['/machines', 'machines', 'Machine', 'GET'],
  ['/machines/sm1/install', 'machine', 'Machine', 'POST'],
  ['/machines/sm1/wake', 'wake', 'Wake', 'POST'],
  ['/machines/sm1/render', 'render', 'Render', 'GET'],
  ['/events', 'events', 'Event', 'GET'],
  ['/stories', 'stories', 'Story', 'GET'],
  ['/stories/sm1', 'attempts', 'Story', 'GET'],
  ['/templates', 'templates', 'Template', 'GET'],
  ['/scrub', 'scrub', 'Scrub', 'GET'],
  ['/first-steps', 'first', 'FirstSteps', 'GET'],
  ['/machines/nobody', '', 'Error', 'GET'],
];

for (const [path, key, component, method] of answers) {
  test(`${method} ${path} answers as the document says`, async () => {
    const fake = fakePorts();
    fake.feed.tell('interface.gone', { network: 'lab' }, { name: 'eth0' });
    tellBoot(fake.feed);
    // Without a mirror there is nothing to scrub.
    const mirrors = { ...fake.ports.mirrors, list: () => (path === '/scrub' ? [{} as MirrorView] : []) };
    const api = createApi({ ...fake.ports, mirrors });
    const answer = (await api.inject({ method, url: `/api/v1${path}` })).json();
    const value = key === '' ? answer : answer[key];
    const values: object[] = Array.isArray(value) ? value : [value];
    assert.ok(values.length > 0);
    const judge = fastify({
      ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allowUnionTypes: true } },
    });
    judge.post('/', { schema: { body: components[component] } }, () => ({}));
    for (const payload of values) {
      const judged = await judge.inject({ method: 'POST', url: '/', payload });
      assert.equal(judged.statusCode, 200, judged.body);
    }
  });
}
