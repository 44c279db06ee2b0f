import { shellQuote } from '../../boot/quote.ts';
import type { SaveResult } from './config-ports.ts';
import { ApiError } from './failures.ts';
import type { ReloadResult } from './ports.ts';

interface Saved {
  readonly files: readonly string[];
  readonly server: ReloadResult;
}

const BY_HAND = 'Put the text into that file yourself, or let the server write it: docs/operating.md says how.';

/** The answer to a save. Throws ApiError; `command` does the same where the server may not write. */
export function saved(result: SaveResult, command?: string): { readonly saved: Saved } {
  switch (result.kind) {
    case 'saved':
      return { saved: { files: result.files, server: result.server } };
    case 'invalid':
      throw new ApiError(422, 'config-invalid', result.problems.join('\n'), 'Nothing was written.');
    case 'refused':
      throw new ApiError(409, 'edit-refused', result.reason, 'Nothing was written.');
    case 'changed-meanwhile': {
      const message = `${result.what} was changed by somebody else since it was read`;
      const hint = 'Nothing was written. Look at what is there now, put your change into that, and save again.';
      throw new ApiError(409, 'changed-meanwhile', message, hint);
    }
    case 'no-configuration': {
      const hint = 'Write one first: ./rackready init';
      throw new ApiError(409, 'no-configuration', 'the server runs without a configuration', hint);
    }
    case 'cannot-write': {
      const message = `the server’s account may not write ${result.file}: ${result.reason}`;
      const hint = command === undefined ? BY_HAND : 'Do it with the command, or see docs/operating.md.';
      throw new ApiError(409, 'cannot-write', message, hint, { command });
    }
  }
}

/** A word for a shell, in quotes only where it needs them. */
export function word(value: string): string {
  return /^[\w@%+=:,./][\w@%+=:,./-]*$/.test(value) ? value : shellQuote(value);
}
