import { readFileSync } from 'node:fs';

export interface ProcessUsage {
  /** Processor time, of the system too. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** In which /proc counts time, on all architectures that Node runs on (USER_HZ). */
const TICKS_A_SECOND = 100;

/** What another process has used so far, by proc_pid_stat(5) and proc_pid_status(5); undefined: it is gone. */
export function usageOf(pid: number): ProcessUsage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before may have spaces in it. utime and stime are fields 14 and 15, and what follows the name begins with 3.
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number);
    const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    if (user === undefined || system === undefined || resident === undefined) return undefined;
    return { cpuSeconds: (user + system) / TICKS_A_SECOND, residentBytes: Number(resident) * 1024 };
  } catch {
    return undefined;
  }
}
