import { demoMachines } from '../lab/demo-config.ts';
import { followMilestones, type Progress } from '../lab/milestones.ts';
import { type DemoRun, firstDeath, followMachine, isInterruption, printTails, startDemo, tell } from './demo-follow.ts';

/** Boots the demo's two machines until both installers have their answers. Resolves with the exit code. */
export async function bootMachines(run: DemoRun): Promise<number> {
  const { rack, server, signal, isVerbose } = run;
  const { isSlow } = await startDemo(run);
  if (isSlow) console.log('demo: that is slow: expect two to four minutes');
  console.log(`
Two virtual PCs without disks are switched on. Whatever they get, they get from this server: an address, a boot
loader, the kernel and ramdisk of the Debian installer, and the installer's answers. That is where the demo ends.

 after power-on  machine   step                            what the server says
`);
  const poweredOn = Date.now();
  const progress = new Map<string, Progress>();
  const done = Promise.all(
    demoMachines.map((machine) => {
      const steps = followMilestones();
      progress.set(machine.name, steps);
      return followMachine({ server, signal, steps, isVerbose, poweredOn, name: machine.name });
    }),
  );
  let isDone = false;
  // A failure before every machine is switched on is reported by the await below.
  done.catch(() => undefined);
  try {
    const machines = await Promise.all(
      demoMachines.map((machine) => rack.powerOn({ name: machine.name, mac: machine.mac, firmware: machine.firmware })),
    );
    for (const { name, label } of demoMachines) tell(poweredOn, name, `power on (${label})`);
    await Promise.race([done, firstDeath(machines)]);
    isDone = true;
    return 0;
  } catch (error) {
    if (!isInterruption(signal)) printTails(rack.machines, progress, server);
    throw error;
  } finally {
    printSummary(progress, poweredOn);
    if (isDone) console.log(WHAT_NEXT);
  }
}

const WHAT_NEXT = `
Both PCs came from power-on to an installer that knows what to do, without a key pressed.
  Every event of the server:           ./rackready demo --verbose
  Your own configuration on this rack: docs/lab.md
  A real network:                      write rackready.yaml (docs/configuration.md), then sudo ./rackready up
  The rack in a browser:               docs/web-page.md
  On to an installed system and SSH:   ./rackready demo --install
`;

function printSummary(progress: ReadonlyMap<string, Progress>, poweredOn: number): void {
  const names = followMilestones();
  const rows = [...progress.values()].map((steps) => steps.reached);
  const longest = rows.reduce((best, row) => (row.length > best.length ? row : best), names.reached);
  console.log(
    `\n${'seconds after power-on'.padEnd(32)}${demoMachines.map(({ label }) => label.padStart(10)).join('')}`,
  );
  for (const { name } of longest) {
    const cells = rows.map((row) => {
      const step = row.find((reached) => reached.name === name);
      return (step ? ((step.event.time - poweredOn) / 1000).toFixed(1) : '-').padStart(10);
    });
    console.log(`${name.padEnd(32)}${cells.join('')}`);
  }
}
