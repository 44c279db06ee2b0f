import type { BootOrder, BootTextInput, Carrier } from '../boot/boot-text.ts';
import { serialConsole } from '../boot/console.ts';
import { type BootDecision, decideBoot } from '../boot/decide.ts';
import { mirrorOf, planKernelLine, splitWords } from '../boot/kernel-line.ts';
import { renderBootText } from '../boot/render-boot-text.ts';
import type { Network } from '../lease/network.ts';
import { discoveredMachine } from '../machine/discovered.ts';
import type { Machine } from '../machine/machine.ts';
import { isOverdue, type LifeEvent } from '../machine/step-life.ts';
import { formatIpv4 } from '../net/ipv4.ts';
import type { Mac } from '../net/mac.ts';
import type { BootFilesDeps, BootSettings } from './boot-deps.ts';
import type { BootName, Whose } from './boot-names.ts';
import type { BootResource, Requester } from './boot-resource.ts';
import type { LocalWays } from './local-ways.ts';

type ConfigName = Extract<BootName, { kind: 'config' }>;

/** Whom a configuration is for. */
type Identity =
  | { readonly kind: 'known'; readonly mac: Mac; readonly machine?: Machine | undefined }
  | { readonly kind: 'stranger' }
  | { readonly kind: 'nobody' }
  | { readonly kind: 'refused'; readonly reason: string };

/** Makes the configuration that a loader asked for, and takes the step in the machine's life that goes with it. */
export function resolveConfig(
  deps: BootFilesDeps,
  ways: LocalWays,
  name: string,
  asked: ConfigName,
  requester: Requester,
): BootResource {
  const settings = deps.settings();
  const network = settings.networks.find((entry) => entry.name === requester.network);
  if (network === undefined) {
    return { kind: 'refused', name, reason: `there is no network ${requester.network} in the configuration` };
  }
  const identity = identify(deps, asked.whose, requester);
  if (identity.kind === 'refused') return { kind: 'refused', name, reason: identity.reason };
  if (identity.kind === 'nobody') return { kind: 'missing', name, expected: true };
  const asking = { name, asked, requester };
  const order =
    identity.kind === 'stranger'
      ? strangerOrder(deps, name, asked, requester)
      : inItsWay(deps, ways, identity, asking, orderFor(deps, settings, network, identity, asking));
  const input: BootTextInput = {
    order,
    host: formatIpv4(network.address),
    httpPort: settings.httpPort,
    carrier: carrierFor(asked, requester),
    serial: identity.kind === 'known' ? serialOf(settings, identity.machine) : undefined,
  };
  return { kind: 'text', name, text: renderBootText(asked.dialect, input) };
}

/** What the other way is, for each loader. UEFI has one way only, and keeps to it. */
const OTHER_WAYS: Readonly<Record<ConfigName['dialect'], string>> = {
  grub: 'on BIOS, the boot sector of its first disk instead of the firmware’s next boot device',
  ipxe: 'on BIOS, the firmware’s next boot device instead of its first disk',
  pxelinux: 'the boot that has failed (LOCALBOOT -1) instead of the boot from disk (LOCALBOOT 0)',
};
const USUAL_WAY = 'the usual one again';

/** A machine that keeps coming back from its disk is sent there in another way. Nothing else is changed by that. */
function inItsWay(
  deps: BootFilesDeps,
  ways: LocalWays,
  { mac, machine }: Extract<Identity, { kind: 'known' }>,
  { asked, requester }: Asking,
  order: BootOrder,
): BootOrder {
  if (order.kind !== 'local') return order;
  const { way, cycles } = ways.next(mac, deps.now());
  if (cycles !== undefined) {
    const subject = { mac, machine: machine?.name, ...from(requester) };
    deps.emit('boot.local-way', subject, { way: way === 'other' ? OTHER_WAYS[asked.dialect] : USUAL_WAY, cycles });
  }
  return way === 'other' ? { ...order, isOtherWay: true } : order;
}

function identify(deps: BootFilesDeps, whose: Whose, requester: Requester): Identity {
  const holder = deps.machineOf(requester.address);
  switch (whose.by) {
    case 'requester':
      return holder ? { kind: 'known', ...holder } : { kind: 'stranger' };
    case 'guess':
      return { kind: 'nobody' };
    case 'address':
      // Another machine's address gives nothing: its configuration carries the token of its answer file.
      return holder && whose.address === requester.address ? { kind: 'known', ...holder } : { kind: 'nobody' };
    case 'uuid': {
      const machine = whose.uuids.map(deps.machineByUuid).find((found) => found !== undefined);
      const mac = holder?.machine?.name === machine?.name ? (holder?.mac ?? machine?.macs[0]) : machine?.macs[0];
      return machine && mac ? checkHolder(deps, { kind: 'known', mac, machine }, requester) : { kind: 'nobody' };
    }
    case 'mac':
      return checkHolder(deps, { kind: 'known', mac: whose.mac, machine: deps.machineByMac(whose.mac) }, requester);
  }
}

/**
 * Where another server gives the addresses out, the name is believed of one of which nothing is known. It must be the machine's
 * own else: whoever asks from an address that we never gave it is not the machine, and must not use its grant up.
 */
function checkHolder(
  deps: BootFilesDeps,
  identity: Extract<Identity, { kind: 'known' }>,
  requester: Requester,
): Identity {
  const holder = deps.machineOf(requester.address);
  if (holder === undefined) {
    const network = deps.settings().networks.find((entry) => entry.name === requester.network);
    const last = deps.lastLeaseAt(requester.address);
    const isItsOwn = last !== undefined && (identity.machine?.macs ?? [identity.mac]).includes(last);
    return network?.dhcp.mode === 'authoritative' && !isItsOwn ? { kind: 'stranger' } : identity;
  }
  const isSame = holder.machine ? holder.machine.name === identity.machine?.name : holder.mac === identity.mac;
  if (isSame) return identity;
  const owner = holder.machine?.name ?? holder.mac;
  return {
    kind: 'refused',
    reason: `it is for ${identity.machine?.name ?? identity.mac}, and the address belongs to ${owner}`,
  };
}

interface Asking {
  readonly name: string;
  readonly asked: ConfigName;
  readonly requester: Requester;
}

function orderFor(
  deps: BootFilesDeps,
  settings: BootSettings,
  network: Network,
  identity: Extract<Identity, { kind: 'known' }>,
  asking: Asking,
): BootOrder {
  if (deps.choseDisk(identity.mac)) return chosenDiskOrder(deps, identity, asking);
  const { unknownMachines: unknown, profiles } = settings;
  const stand =
    unknown.kind === 'install' ? discoveredMachine(identity.mac, unknown.profile, network.domain) : undefined;
  const machine = identity.machine ?? stand;
  if (identity.machine === undefined && stand) deps.lives.meet(stand);
  const decision = withMirror(
    deps,
    decide(deps, { machine: identity.machine, lifeOf: machine?.name, profiles, unknown }),
  );
  const profile =
    decision.kind === 'install' ? decision.profile.name : decision.kind === 'hold' ? decision.profile : undefined;
  const subject = { mac: identity.mac, machine: machine?.name, ...from(asking.requester) };
  const told = { file: asking.name, loader: asking.asked.dialect, decision: decision.kind, reason: decision.reason };
  deps.emit('boot.config', subject, profile === undefined ? told : { ...told, profile });
  if (decision.kind === 'install' && machine) {
    const { deadlineSeconds } = decision.profile;
    const mirror = mirrorOf(decision.profile);
    const snapshot = decision.grant.snapshot ?? (mirror === undefined ? undefined : deps.mirrors.current(mirror));
    step(deps, machine.name, { kind: 'boot-config-served', deadlineSeconds, snapshot });
    const line = planKernelLine({
      machine,
      profile: decision.profile,
      mac: identity.mac,
      host: formatIpv4(network.address),
      httpPort: settings.httpPort,
      token: decision.grant.token,
      snapshot,
    });
    return { kind: 'install', title: `installs ${decision.profile.name} on ${machine.name}`, line };
  }
  if (decision.kind === 'hold' && machine) {
    step(deps, machine.name, { kind: 'boot-config-served', deadlineSeconds: 0 });
    return {
      kind: 'hold',
      title: `holds ${machine.name}`,
      reason: decision.reason,
      next: `Nothing is erased now. Look at what the installer did. A new installation: rackready install ${machine.name}`,
    };
  }
  // A loader that asks after the report: the installer has ended.
  if (machine && deps.lives.get(machine.name)?.operation?.stage === 'first-contact') {
    step(deps, machine.name, { kind: 'boot-config-served', deadlineSeconds: 0 });
  }
  return { kind: 'local', reason: decision.reason };
}

/** Somebody stands in front of the Mac and has just chosen this: it outweighs a grant, and uses none up. */
function chosenDiskOrder(
  deps: BootFilesDeps,
  { mac, machine }: Extract<Identity, { kind: 'known' }>,
  { name, asked, requester }: Asking,
): BootOrder {
  const reason = 'that was chosen on the Mac';
  const told = { file: name, loader: asked.dialect, decision: 'local', reason };
  deps.emit('boot.config', { mac, machine: machine?.name, ...from(requester) }, told);
  return { kind: 'local', reason };
}

interface Deciding {
  readonly machine: Machine | undefined;
  /** Whose life counts; a stand-in's for a machine that is not named. */
  readonly lifeOf: string | undefined;
  readonly profiles: BootSettings['profiles'];
  readonly unknown: BootSettings['unknownMachines'];
}

/** Ends what is overdue, and uses `install: once` where the file allows it. */
function decide(deps: BootFilesDeps, input: Deciding): BootDecision {
  const { lifeOf } = input;
  const decideNow = () =>
    decideBoot({ ...input, life: lifeOf === undefined ? undefined : deps.lives.get(lifeOf), now: deps.now() });
  if (lifeOf === undefined) return decideNow();
  const life = deps.lives.get(lifeOf);
  if (life && isOverdue(life, deps.now())) step(deps, lifeOf, { kind: 'deadline-passed' });
  const decision = decideNow();
  if (decision.kind !== 'may-grant') return decision;
  step(deps, lifeOf, { kind: 'granted', token: deps.newToken(), profile: decision.profile.name, via: 'file' });
  return decideNow();
}

/** An installer without packages would stop with a question in the middle; the grant waits until there are some. */
function withMirror(deps: BootFilesDeps, decision: BootDecision): BootDecision {
  const mirror = decision.kind === 'install' ? mirrorOf(decision.profile) : undefined;
  if (mirror === undefined || deps.mirrors.current(mirror) !== undefined) return decision;
  return {
    kind: 'local',
    reason: `the mirror ${mirror} that it installs from has nothing yet: rackready mirror sync ${mirror}`,
  };
}

function strangerOrder(deps: BootFilesDeps, name: string, asked: ConfigName, requester: Requester): BootOrder {
  const reason = 'its address has no lease of ours, so it is not known which machine this is';
  deps.emit('boot.config', from(requester), { file: name, loader: asked.dialect, decision: 'local', reason });
  return { kind: 'local', reason };
}

/**
 * A boot configuration does not wait for the disk: what is lost with a power cut here is asked for again. The answer file,
 * without which nothing is installed, waits. A store that cannot write tells so itself.
 */
function step(deps: BootFilesDeps, machine: string, event: LifeEvent): void {
  deps.lives.step(machine, event).saved.catch(() => undefined);
}

/** The console that the machine's own profile names, also for the texts that start no kernel. */
function serialOf(settings: BootSettings, machine: Machine | undefined): BootTextInput['serial'] {
  const profile = machine?.profile === undefined ? undefined : settings.profiles.get(machine.profile);
  return profile && serialConsole(splitWords(profile.arguments));
}

/** A configuration that came over HTTP was asked for by a loader that can. */
function carrierFor(asked: ConfigName, requester: Requester): Carrier {
  if (requester.via === 'http') return 'http';
  return asked.dialect === 'grub' && !asked.isSigned ? 'probe' : 'tftp';
}

function from(requester: Requester): { network: string; address: string } {
  return { network: requester.network, address: formatIpv4(requester.address) };
}
