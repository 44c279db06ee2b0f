import { z } from 'zod';
import { configSchema } from './schema.ts';

/** The JSON Schema of the configuration, for editors. They tell keys, types and choices; `check` tells the rest. */
export function renderJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, { io: 'input' });
  return `${JSON.stringify({ ...schema, title: 'rackready configuration' }, undefined, 2)}\n`;
}
