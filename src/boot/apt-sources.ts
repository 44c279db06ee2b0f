import type { AptSuite } from './profile.ts';

/** Besides the release itself, as the sources on Ubuntu's media name them, and curtin's `disable_suites`. */
const BESIDES = ['updates', 'backports', 'security'] as const;

/** A line of sources.list(5), with its options. `root`: the mirror's. */
export function sourceLine(suite: AptSuite, root: string): string {
  const { name, components, signedBy, isFrozen } = suite;
  const options = [
    ...(signedBy === undefined ? [] : [`signed-by=${signedBy}`]),
    ...(isFrozen ? ['check-valid-until=no'] : []),
  ];
  const shown = options.length === 0 ? [] : [`[${options.join(' ')}]`];
  return ['deb', ...shown, archiveIn(suite, root), name, ...components].join(' ');
}

/** What a mirror with these suites has not of those that an installer looks for. Of none, nothing is known. */
export function lackingSuites(suites: readonly AptSuite[]): readonly string[] {
  return suites.length === 0 ? [] : BESIDES.filter((one) => !suites.some(({ name }) => name.endsWith(`-${one}`)));
}

/** Where the security updates are below `root`. Null: it has none. */
export function securityUrl(suites: readonly AptSuite[], root: string): string | null {
  const suite = suites.find(({ name }) => name.endsWith('-security'));
  return suite === undefined ? null : archiveIn(suite, root);
}

function archiveIn({ archive }: AptSuite, root: string): string {
  return archive === '' ? root : `${root}/${archive}`;
}
