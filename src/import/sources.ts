/** A file of a source, under the name that messages use. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Reads a file that another one names; relative paths start from that other file's folder. The same file has the same name
 * however it is reached.
 */
export type ReadSource = (path: string, from: string) => SourceFile | { readonly problem: string };

/** The names of the files of a folder that a file names, in the order of their names. */
export type ReadFolder = (path: string, from: string) => readonly string[] | { readonly problem: string };
