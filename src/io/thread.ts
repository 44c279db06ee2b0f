import { dropThreadPrivileges } from './privileges.ts';

/** Run first thing in a worker thread: a thread that starts after root was given up would keep the main thread's rights. */
export async function prepareThread(): Promise<void> {
  await dropThreadPrivileges();
}
