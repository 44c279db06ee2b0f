import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { rules } from '../src/story/diagnose/rules.ts';
import { renderSymptomPages } from '../src/story/diagnose/symptom-pages.ts';
import { symptoms } from '../src/story/diagnose/symptoms.ts';

/** Writes docs/symptoms from the rules of diagnosis: tools/run.sh tools/write-symptoms.ts */
const folder = new URL('../docs/symptoms/', import.meta.url);
for (const name of readdirSync(folder)) rmSync(new URL(name, folder));
for (const [name, text] of renderSymptomPages(symptoms, rules)) writeFileSync(new URL(name, folder), text);
