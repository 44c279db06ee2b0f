import { utf8Bytes } from '../net/utf8.ts';

/** In bytes, as file systems count; Linux has 4096 for a whole path. */
const LONGEST_PATH = 2048;
const LONGEST_NAME = 255;

/**
 * A path that metadata name, from a folder of the tree ('' is its root), as a path below the root: without `.`, `..` and empty
 * parts. Undefined when it is absolute, a URL, leads out of the tree, names a folder, or has characters that no upstream needs
 * (controls, backslash).
 */
export function pathInTree(folder: string, reference: string): string | undefined {
  if (reference === '' || reference.endsWith('/') || /(^|\/)\.{1,2}$/.test(reference)) return undefined;
  const path = folderInTree(folder, reference);
  return path === '' ? undefined : path;
}

/** The same for a folder, whose name may end in `/`; '' is the root. */
export function folderInTree(folder: string, reference: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\u0000-\u001f\u007f\\\ufffd]/.test(reference) || /^\/|^[a-z][a-z0-9+.-]*:\/\//i.test(reference))
    return undefined;
  if (!reference.isWellFormed() || bytesOf(reference) > LONGEST_PATH) return undefined;
  const parts: string[] = [];
  for (const part of `${folder}/${reference}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (bytesOf(part) > LONGEST_NAME) return undefined;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

function bytesOf(text: string): number {
  // Nearly all of them are plain, and there are many.
  return /^[ -~]*$/.test(text) ? text.length : utf8Bytes(text).length;
}

/** A folder and a name in it; '' is the root. */
export function inFolder(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** The folder that a file is in; '' is the root. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Percent-encoding undone, as a server does with what a client asks for; as it stands where it is not well-formed. */
export function percentDecoded(reference: string): string {
  if (!reference.includes('%')) return reference;
  try {
    return decodeURIComponent(reference);
  } catch {
    return reference;
  }
}
