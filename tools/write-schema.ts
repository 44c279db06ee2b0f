import { writeFileSync } from 'node:fs';
import { renderJsonSchema } from '../src/config/json-schema.ts';

/** Writes schema/rackready.schema.json for editors: tools/run.sh tools/write-schema.ts */
writeFileSync(new URL('../schema/rackready.schema.json', import.meta.url), renderJsonSchema());
