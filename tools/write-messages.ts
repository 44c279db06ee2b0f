import { writeFileSync } from 'node:fs';
import { describeCatalogue } from '../src/event/describe-catalogue.ts';

/** Writes docs/messages.md: tools/run.sh tools/write-messages.ts */
writeFileSync(new URL('../docs/messages.md', import.meta.url), describeCatalogue());
