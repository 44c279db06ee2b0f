/**
 * Node's flags for a process of ours. The server answers tens of thousands of small requests a second: a small nursery, and an old
 * generation that may grow by so many per cent before it is swept, cost little time and keep it at half the memory
 * (bench/RESULTS.md). The launcher gives the server itself 50.
 */
export function nodeFlags(growingPercent: number): readonly string[] {
  return ['--max-semi-space-size=4', `--heap-growing-percent=${growingPercent}`];
}
