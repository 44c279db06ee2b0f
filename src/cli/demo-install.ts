import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { InstallMachine } from '../lab/install-config.ts';
import { followMilestones, installMilestones } from '../lab/milestones.ts';
import { askBySsh, type Login, sshArguments } from '../lab/ssh-login.ts';
import { mac } from '../net/mac.ts';
import { type DemoRun, firstDeath, followMachine, isInterruption, printTails, startDemo, tell } from './demo-follow.ts';

export type InstallFirmware = 'bios' | 'uefi-x64';

/** The PC that is installed; the address is a locally administered one. */
export const installMachines: Readonly<Record<InstallFirmware, InstallMachine>> = {
  bios: { name: 'pc-bios', mac: mac('02:00:ac:16:0a:33'), address: '172.22.10.51' },
  'uefi-x64': { name: 'pc-uefi', mac: mac('02:00:ac:16:0a:34'), address: '172.22.10.52' },
};

const DISK_GB = 6;
const USER = 'admin';
const LOGIN_TRIES = 20;
const WHO_ARE_YOU =
  'hostname -f; ip -4 -o address show scope global | grep -o "inet [0-9./]*"; . /etc/os-release; echo "$PRETTY_NAME"; uptime -p';

/**
 * Installs one PC: from power-on over the installer and the reboot to a login by SSH, without a key pressed. At a terminal the
 * login is then handed to whoever sits there. Resolves with the exit code.
 */
export async function installMachine(run: DemoRun, firmware: InstallFirmware, keyFile: string): Promise<number> {
  const machine = installMachines[firmware];
  const { isSlow } = await startDemo(run);
  if (isSlow) console.log('demo: that is slow: expect 30 to 60 minutes');
  console.log(`
A virtual PC with an empty disk of ${DISK_GB} GB is switched on. It is installed with Debian 13 over the network, restarts from its
disk, and has to answer by SSH with the host key that its installer reported. Nobody presses a key.

 after power-on  machine   step                            what the server says
`);
  await follow(run, machine, firmware);
  const login: Login = { user: USER, address: machine.address, keyFile };
  const answer = await askBySsh(login, WHO_ARE_YOU, LOGIN_TRIES);
  console.log(`\n${USER}@${machine.address} answers by SSH, with the key that the demo's configuration names:`);
  for (const line of answer.trim().split('\n')) console.log(`  | ${line}`);
  if (process.stdin.isTTY && process.stdout.isTTY) await handOver(login);
  console.log(WHAT_NEXT);
  return 0;
}

async function follow(run: DemoRun, { name, mac: address }: InstallMachine, firmware: InstallFirmware): Promise<void> {
  const { rack, server, signal, isVerbose } = run;
  const steps = followMilestones(installMilestones);
  const poweredOn = Date.now();
  const done = followMachine({ server, signal, steps, isVerbose, poweredOn, name });
  // A failure before the machine is switched on is reported by the await below.
  done.catch(() => undefined);
  try {
    const pc = await rack.powerOn({ name, mac: address, firmware, diskGb: DISK_GB, endsAtReboot: false });
    tell(poweredOn, name, `power on (${firmware})`);
    await Promise.race([done, firstDeath([pc])]);
  } catch (error) {
    if (!isInterruption(signal)) printTails(rack.machines, new Map([[name, steps]]), server);
    throw error;
  }
}

/** A shell on the new machine, until it is left. */
async function handOver(login: Login): Promise<void> {
  console.log('\ndemo: you are on it now; "exit" ends the demo, and the virtual PC with it');
  await once(spawn('ssh', sshArguments(login), { stdio: 'inherit' }), 'close');
}

const WHAT_NEXT = `
From power-on to SSH, without a key pressed. On a real network the same takes a rackready.yaml of your own:
docs/configuration.md says what stands in it, and sudo ./rackready up serves it.
`;
