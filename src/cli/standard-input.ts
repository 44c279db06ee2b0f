import { buffer } from 'node:stream/consumers';

/**
 * All of standard input. Not by its descriptor: a module that imports node:process (commander does) makes that one give
 * EAGAIN for a pipe in which nothing is yet.
 */
export function readStandardInput(): Promise<Buffer> {
  return buffer(process.stdin);
}
