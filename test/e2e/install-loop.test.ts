import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import type { ServerEvent } from '../../src/lab/milestones.ts';
import { run } from '../support/http.ts';
import { installerFor, numbered, renderConfig } from './config.ts';
import { openTestRack } from './rack.ts';
import { wanted } from './wanted.ts';

/*
 * A machine that boots from the network for ever: its firmware knows nothing else, and whatever it starts ends in a
 * restart. The real installer fetches its answer file, and then dies without a report, or reports and restarts.
 */

const MAIN = resolve(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');
const TIMEOUT_MS = 15 * 60_000;

/** An answer file whose installer does this and restarts at once. */
function template(folder: string, name: string, report: string): string {
  const file = join(folder, `${name}.liquid`);
  const command = `wget -q -O /dev/null {{ urls.report }}/started; ${report}; echo b >/proc/sysrq-trigger`;
  writeFileSync(
    file,
    `#_preseed_V1\nd-i netcfg/choose_interface select auto\nd-i preseed/early_command string ${command}\n`,
  );
  return file;
}

test('an install loop: one installation a grant, then it is held, and one command solves it', async (t) => {
  const installer = installerFor(t);
  if (installer === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), 'rackready-loop-'));
  chmodSync(folder, 0o755);
  const box = numbered(1, 'profile: dies');
  const profile = (name: string, report: string, install: string) => {
    const { kernel, initrd, version } = installer;
    const answerFile = template(folder, name, report);
    return `  ${name}: { os: debian-${version}, kernel: ${kernel}, initrd: ${initrd}, answerFile: ${answerFile}, arguments: console=ttyS0, install: ${install} }\n`;
  };
  const profiles = `profiles:\n${profile('dies', 'true', 'once')}${profile('ends', 'wget -q -O /dev/null {{ urls.report }}/done', 'manual')}`;
  const rack = await openTestRack(t, `${renderConfig({ machines: [box.line] })}${profiles}`);
  const cli = (...args: string[]) => run(process.execPath, [MAIN, ...args], { RACKREADY_DATA: rack.data });
  const machine = await rack.powerOn({
    name: box.name,
    mac: box.mac,
    firmware: 'bios',
    endsAtReboot: false,
    // There is no disk. SeaBIOS restarts when nothing boots, instead of standing still.
    args: ['-boot', 'reboot-timeout=1000'],
  });
  const count = (accept: (event: ServerEvent) => boolean) => rack.eventsOf(machine).filter(accept).length;
  const counts = () => ({
    granted: count(({ id }) => id === 'install.granted'),
    sent: count(({ id, data }) => id === 'boot.config' && data?.decision === 'install'),
    answers: count(({ id }) => id === 'answer.fetched'),
    held: count(({ id }) => id === 'boot.held'),
  });

  await rack.waitForSequence(
    machine,
    [
      wanted('install.granted', { via: 'file' }),
      wanted('boot.config', { decision: 'install', profile: 'dies' }),
      wanted('answer.fetched', { profile: 'dies' }),
      wanted('install.started'),
      wanted('boot.held', { reason: /asked to start dies again/ }),
      wanted('boot.config', { decision: 'hold' }),
      // And for ever on.
      wanted('boot.config', { decision: 'hold' }),
    ],
    TIMEOUT_MS,
  );
  assert.deepEqual(counts(), { granted: 1, sent: 1, answers: 1, held: 1 });
  // On its own screen, with the way out.
  await machine.console.waitFor(/holds pc1/, AbortSignal.timeout(120_000));
  await machine.console.waitFor(/rackready install pc1/, AbortSignal.timeout(120_000));
  assert.match((await cli('machines', 'pc1')).stdout.toString(), /^operation: +install dies: held /m);

  const solved = await cli('install', 'pc1', '--profile', 'ends');
  assert.equal(solved.code, 0, solved.stderr);
  await rack.waitForSequence(
    machine,
    [
      wanted('boot.config', { decision: 'hold' }),
      wanted('install.granted', { via: 'command', profile: 'ends' }),
      wanted('boot.config', { decision: 'install', profile: 'ends' }),
      wanted('answer.fetched', { profile: 'ends' }),
      wanted('install.done', { profile: 'ends' }),
      wanted('boot.config', { decision: 'local', reason: /it is installed/ }),
      wanted('boot.config', { decision: 'local', reason: /it is installed/ }),
    ],
    TIMEOUT_MS,
  );
  assert.deepEqual(counts(), { granted: 2, sent: 2, answers: 2, held: 1 });
  await machine.stop();
});
