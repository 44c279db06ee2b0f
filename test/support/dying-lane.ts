import { parentPort } from 'node:worker_threads';
import '../../src/io/mirror/lane-worker.ts';

/** The second thread of a run, which ends in the middle of its work: when it is given its tenth file. */
let given = 0;
parentPort?.on('message', () => {
  given += 1;
  if (given === 10) process.exit(3);
});
