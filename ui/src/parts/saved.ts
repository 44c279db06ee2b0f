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
