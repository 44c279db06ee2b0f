/** What a file system takes for one name; longer ones come from broken or hostile metadata only. */
const LONGEST_PART = 255;
const LONGEST_PATH = 1000;

/**
 * Why a path of somebody else's metadata may not become a path below a folder of ours; undefined: it may. Paths come decoded:
 * what is refused here is never brought into another form and tried again.
 */
export function treePathProblem(path: string): string | undefined {
  if (path === '') return 'it is empty';
  if (path.length > LONGEST_PATH) return `it is longer than ${LONGEST_PATH} characters`;
  if (path.startsWith('/')) return 'it is absolute';
  if (/[\p{Cc}\\]/u.test(path)) return 'it has a backslash or control characters';
  for (const part of path.split('/')) {
    if (part === '' || part === '.' || part === '..') return 'it has empty parts, "." or ".."';
    if (part.length > LONGEST_PART) return `a part of it is longer than ${LONGEST_PART} characters`;
  }
  return undefined;
}

/** A path as it stands in a URL: what is no letter, digit or `-._~/` is percent-encoded. */
export function encodeTreePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
