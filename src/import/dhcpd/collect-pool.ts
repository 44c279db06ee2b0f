import type { Permit, PoolDeclaration } from './model.ts';
import { keywordOf, type Statement } from './statements.ts';
import { readerOf } from './word-reader.ts';

/** Records `allow` or `deny` of a pool. False: it says nothing of who the pool is for. */
export function collectPermit(statement: Statement, pool: PoolDeclaration): boolean {
  const who = readWho(statement);
  if (who === undefined) return false;
  pool.permits.push({ statement, isAllowed: keywordOf(statement) === 'allow', who });
  return true;
}

function readWho({ words }: Statement): Permit['who'] | undefined {
  const reader = readerOf(words, 1);
  const first = reader.takeName()?.toLowerCase();
  switch (first) {
    case 'unknown-clients':
    case 'unknown':
      return 'unknown';
    case 'known-clients':
    case 'known':
      return 'known';
    case 'all':
      return 'all';
    case 'dynamic':
    case 'dynamic-bootp':
      return 'bootp';
    case 'members':
      return 'class';
    case 'authenticated':
    case 'unauthenticated':
    case 'after':
      return 'other';
    default:
      return undefined;
  }
}
