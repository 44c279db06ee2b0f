import { ApiProblem } from '../api.ts';

/** What came of a save. */
export interface Saved {
  readonly files: readonly string[];
  readonly server: { readonly kind: string; readonly problems?: readonly string[] };
}

export function told({ files, server }: Saved): string {
  const where = files.length === 0 ? 'Nothing to change.' : `Written: ${files.join(', ')}.`;
  return server.kind === 'loaded'
    ? `${where} It is in force.`
    : `${where} The server refused it: ${server.problems?.join('; ')}`;
}

/** What is said after a save when what is there now was read again; throws when it could not be: the text stays an edit. */
export function toldAfter(saved: Saved, problem: ApiProblem | undefined): string {
  const words = told(saved);
  if (problem === undefined) return words;
  const { status, code, hint, command, message } = problem;
  throw new ApiProblem(status, { code, hint, command, message: `${words} But it could not be read again: ${message}` });
}
