import type { FastifyInstance } from 'fastify';
import type { ConfigAdmin } from './config-ports.ts';
import { ApiError, badRequest } from './failures.ts';
import { about, inputs, text, wrapped } from './inputs.ts';
import { saved } from './saved.ts';

/** One entry of the configuration; the largest profile has a few hundred bytes. */
const MOST_TEXT = 64 * 1024;
const profile = { type: 'string', maxLength: MOST_TEXT } as const;

const LIST = {
  summary: 'The profiles as they are written in the configuration’s files.',
  answer: {
    type: 'object',
    required: ['profiles', 'problems'],
    properties: {
      profiles: { type: 'array', items: { $ref: '#/components/schemas/Profile' } },
      problems: { type: 'array', items: { type: 'string' } },
    },
  },
};
const READ = {
  summary: 'The YAML text of a profile.',
  answer: {
    type: 'object',
    required: ['profile', 'text', 'version'],
    properties: {
      profile: { $ref: '#/components/schemas/Profile' },
      text: { type: 'string' },
      version: { type: 'string' },
    },
  },
  fails: [404],
};
const CHECK = {
  summary: 'What an edited or new profile would break and change. Changes nothing.',
  answer: wrapped('check', 'ProfileCheck'),
  fails: [409],
};
const SAVE = {
  summary:
    'Writes an edited profile (with its name and version), or a new one. 422: an error. 409: it is not what it was when it was read.',
  answer: wrapped('saved', 'Saved'),
  fails: [409, 422],
};

interface Edit {
  readonly name?: string;
  readonly text: string;
}

/** Profiles, as texts of the configuration. */
export function addProfileRoutes(app: FastifyInstance, config: ConfigAdmin): void {
  app.get('/config/profiles', about(LIST), () => config.profiles());
  app.get<{ Querystring: { name?: string } }>(
    '/config/profiles/text',
    { ...about(READ), schema: { querystring: inputs({ name: text }) } },
    async ({ query: { name } }) => {
      if (name === undefined) throw badRequest('the query names no profile');
      const found = await config.readProfile(name);
      if (found) return found;
      const message = `there is no profile "${name}" in the configuration`;
      throw new ApiError(404, 'unknown-profile', message, 'List them: GET config/profiles.');
    },
  );
  const posted = (more: Readonly<Record<string, object>>) => ({
    bodyLimit: 2 * MOST_TEXT,
    schema: { body: { ...inputs({ name: text, text: profile, ...more }), required: ['text'] } },
  });
  app.post<{ Body: Edit & { machine?: string } }>(
    '/config/profiles/check',
    { ...about(CHECK), ...posted({ machine: text }) },
    async ({ body: { machine, ...edit } }) => {
      const check = await config.checkProfile(edit, machine);
      return check === undefined ? saved({ kind: 'no-configuration' }) : { check };
    },
  );
  app.post<{ Body: Edit & { version?: string } }>(
    '/config/profiles/save',
    { ...about(SAVE), ...posted({ version: text }) },
    async ({ body: { version, ...edit } }) => saved(await config.saveProfile(edit, version)),
  );
}
