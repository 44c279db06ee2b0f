import type { FastifyInstance } from 'fastify';
import { ApiError, badRequest } from './failures.ts';
import { about, inputs, text, wrapped } from './inputs.ts';
import { unknownMachine } from './machine-routes.ts';
import type { ApiPorts } from './ports.ts';
import { addProfileRoutes } from './profile-routes.ts';
import { saved, word } from './saved.ts';

/** What a template may have; the largest that comes with rackready has 6 kB. */
const MOST_TEXT = 512 * 1024;

const path = { ...text, maxLength: 4096 };
/** Longer than the configuration lets them be, so that it is the one to say so. */
const notes = { type: 'string', maxLength: 50_000 } as const;
const template = { type: 'string', maxLength: MOST_TEXT } as const;
/** The machine's keys that are plain words, by the option of `rackready machines add` that says the same. */
const WORDS = {
  address: '--address',
  profile: '--profile',
  network: '--network',
  hostName: '--host-name',
  kind: '--kind',
  model: '--model',
  notes: '--notes',
} as const;
type Word = keyof typeof WORDS;
type NewMachine = { readonly name: string; readonly macs: readonly string[] } & Partial<Record<Word, string>>;

const ADD = {
  summary: 'Writes a new machine into the configuration. 409 with the command where the server may not write it.',
  answer: wrapped('saved', 'Saved'),
  fails: [409, 422],
};
const NOTES = {
  summary:
    'Writes the notes of a machine into the configuration. 409 when they are not what they were when they were read.',
  answer: wrapped('saved', 'Saved'),
  fails: [404, 409, 422],
};
const FIRST = {
  summary: 'What this host has, and a commented configuration to begin with. Writes nothing.',
  answer: wrapped('first', 'FirstSteps'),
};
const TEMPLATES = {
  summary: 'The templates of answer files that the configuration uses or names.',
  answer: wrapped('templates', 'Template', true),
};
const READ = {
  summary: 'The text of a template.',
  answer: {
    type: 'object',
    required: ['template', 'text', 'version'],
    properties: {
      template: { $ref: '#/components/schemas/Template' },
      text: { type: 'string' },
      version: { type: 'string' },
    },
  },
  fails: [404],
};
const CHECK = {
  summary: 'Renders an edited template for every machine that uses it, and says what breaks. Changes nothing.',
  answer: wrapped('check', 'TemplateCheck'),
  fails: [404],
};
const SAVE = {
  summary: 'Puts an edited template in its place. With errors nothing is written (422).',
  answer: wrapped('saved', 'Saved'),
  fails: [404, 409, 422],
};

/** Edits of the configuration's files. */
export function addConfigRoutes(app: FastifyInstance, ports: ApiPorts): void {
  const { config } = ports;
  const words = Object.fromEntries(Object.keys(WORDS).map((key) => [key, text]));
  const body = inputs({ name: text, macs: { type: 'array', minItems: 1, maxItems: 16, items: text }, ...words });
  app.post<{ Body: NewMachine }>(
    '/machines',
    { ...about(ADD), schema: { body: { ...body, required: ['name', 'macs'] } } },
    async ({ body: { name, macs, ...rest } }) => {
      const [mac, ...more] = macs;
      const values = { ...(more.length === 0 ? { mac } : { macs }), ...rest };
      return saved(await config.addMachine(name, values), addCommand({ name, macs, ...rest }));
    },
  );
  app.get<{ Querystring: { interface?: string } }>(
    '/first-steps',
    { ...about(FIRST), schema: { querystring: inputs({ interface: text }) } },
    async ({ query }) => ({ first: await config.firstSteps(query.interface) }),
  );
  addNotesRoute(app, ports);
  addProfileRoutes(app, config);
  addTemplateRoutes(app, config);
}

function addNotesRoute(app: FastifyInstance, ports: ApiPorts): void {
  const body = inputs({ notes, before: notes });
  app.post<{ Params: { name: string }; Body: { notes: string; before: string } }>(
    '/machines/:name/notes',
    { ...about(NOTES), schema: { body: { ...body, required: ['notes', 'before'] } } },
    async ({ params: { name }, body }) => {
      if (!Array.from(ports.machines.list()).some(({ machine }) => machine.name === name)) {
        throw unknownMachine(ports, name);
      }
      const value = word(`notes=${body.notes.trimEnd()}`);
      const command = `sudo ./rackready machines set ${word(name)} ${value}`;
      return saved(await ports.config.setNotes(name, body.notes, body.before), command);
    },
  );
}

function addTemplateRoutes(app: FastifyInstance, config: ApiPorts['config']): void {
  const unknown = (asked: string) =>
    new ApiError(404, 'unknown-template', `the configuration uses no template ${asked}`, 'List them: GET templates.');
  app.get('/templates', about(TEMPLATES), () => ({ templates: config.templates() }));
  app.get<{ Querystring: { path?: string } }>(
    '/templates/text',
    { ...about(READ), schema: { querystring: inputs({ path }) } },
    async ({ query }) => {
      if (query.path === undefined) throw badRequest('the query names no path');
      const found = await config.readTemplate(query.path);
      if (found === undefined) throw unknown(query.path);
      return found;
    },
  );
  const posted = (more: Readonly<Record<string, object>>, required: readonly string[]) => ({
    bodyLimit: 2 * MOST_TEXT,
    schema: { body: { ...inputs({ path, text: template, ...more }), required: ['path', 'text', ...required] } },
  });
  app.post<{ Body: { path: string; text: string; machine?: string } }>(
    '/templates/check',
    { ...about(CHECK), ...posted({ machine: text }, []) },
    async ({ body }) => {
      const check = await config.checkTemplate(body.path, body.text, body.machine);
      if (check === undefined) throw unknown(body.path);
      return { check };
    },
  );
  app.post<{ Body: { path: string; text: string; version: string } }>(
    '/templates/save',
    { ...about(SAVE), ...posted({ version: text }, ['version']) },
    async ({ body }) => {
      const result = await config.saveTemplate(body.path, body.text, body.version);
      if (result === undefined) throw unknown(body.path);
      return saved(result, `sudo tee ${word(body.path)} < CHANGED-TEMPLATE`);
    },
  );
}

/** The same as a command line. */
function addCommand({ name, macs, ...rest }: NewMachine): string {
  const options = Object.entries(rest).map(([key, value]) => `${WORDS[key as Word]} ${word(value)}`);
  return ['sudo ./rackready machines add', word(name), ...macs.map((mac) => `--mac ${word(mac)}`), ...options].join(
    ' ',
  );
}
