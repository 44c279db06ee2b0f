import { statSync } from 'node:fs';

/**
 * Does something as the account that a folder belongs to, where root does it: what is made is the server's own then, which could not
 * link or delete it otherwise.
 */
export async function asOwner<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  const { uid, gid } = statSync(folder);
  const { geteuid, getgroups, setgroups, setegid, seteuid } = process;
  if (geteuid?.() !== 0 || uid === 0 || !getgroups || !setgroups || !setegid || !seteuid) return work();
  const groups = getgroups();
  setgroups([gid]);
  setegid(gid);
  seteuid(uid);
  try {
    return await work();
  } finally {
    seteuid(0);
    setegid(0);
    setgroups(groups);
  }
}
