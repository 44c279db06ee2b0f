import { pathInTree } from '../tree-path.ts';

/** Why a path may not become a path below a folder of ours; undefined: it may. What is not in its one plain form is refused. */
export function treePathProblem(path: string): string | undefined {
  return pathInTree('', path) === path ? undefined : 'it leads out of the tree, or is not a plain path (like "../x")';
}

/** A path as it stands in a URL: what is no letter, digit or `-._~/` is percent-encoded. */
export function encodeTreePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
