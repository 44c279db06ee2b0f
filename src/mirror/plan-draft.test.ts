import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPlanDraft } from './plan-draft.ts';

test('a tree of more files than anybody has is refused before it fills the memory', () => {
  const draft = createPlanDraft(2);
  const add = (path: string) => draft.add({ path, digests: [], role: 'package', isOptional: false }, 'primary.xml');
  for (const path of ['a', 'b', 'a']) add(path);
  assert.throws(() => add('c'), { code: 'upstream-failed', message: 'primary.xml: there are more than 2 files' });
});
