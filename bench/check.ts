import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bigRack } from '../test/support/big-rack.ts';
import { machineLine, median, table, writeSection } from './results.ts';

/*
 * How long `check` takes for 1,000 machines, with every answer file and boot text rendered and checked, from the start of
 * the launcher to its end. npm run bench:check
 */

const MACHINES = 1000;
const RUNS = 5;
const AIM_S = 5;
const root = resolve(import.meta.dirname, '..');

interface Taken {
  readonly seconds: number;
  /** Of the processor: what it would take at least where nothing else runs. */
  readonly cpuSeconds: number;
}

function take(...args: string[]): Taken {
  const runs = Array.from({ length: RUNS }, (): Taken => {
    const timed = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&1';
    const argv = ['-c', timed, 'bash', join(root, 'rackready'), 'check', ...args];
    const ran = spawnSync('bash', argv, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
    if (ran.status !== 0) throw new Error(`check failed: ${ran.stderr}`);
    const [real = Number.NaN, user = 0, system = 0] = ran.stderr.trim().split(' ').map(Number);
    return { seconds: real, cpuSeconds: user + system };
  });
  return {
    seconds: median(runs.map((run) => run.seconds)),
    cpuSeconds: median(runs.map((run) => run.cpuSeconds)),
  };
}

const folder = mkdtempSync(join(tmpdir(), 'rackready-bench-'));
try {
  const load = loadavg()[0] ?? 0;
  const config = join(folder, 'rackready.yaml');
  writeFileSync(config, bigRack(MACHINES));
  const template = join(folder, 'debian.preseed.liquid');
  writeFileSync(template, readFileSync(join(root, 'templates/answer/debian.preseed.liquid')));
  const row = (what: string, { seconds, cpuSeconds }: Taken) => [
    what,
    seconds.toFixed(2),
    cpuSeconds.toFixed(2),
    seconds < AIM_S ? 'yes' : 'no',
  ];
  const rows = [
    row(`check, ${MACHINES} machines of 9 systems`, take(config)),
    row('check --template: the same, and the machines of the template once more', take(config, '--template', template)),
  ];
  const text = [
    '## Checking a configuration',
    '',
    'Seconds from the start of the launcher to its end, median of 5; every answer file and boot text is rendered and checked by its format.',
    '',
    table(['', 's', 'of processor time', `under ${AIM_S} s`], rows),
    '',
    `Load average before: ${load.toFixed(2)}. ${machineLine()}`,
  ].join('\n');
  console.log(text);
  writeSection('check', text);
} finally {
  rmSync(folder, { recursive: true });
}
