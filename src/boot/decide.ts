import type { Grant, Life } from '../machine/life.ts';
import type { Machine } from '../machine/machine.ts';
import { isOverdue } from '../machine/step-life.ts';
import type { Profile } from './profile.ts';

/** What a machine is to do now, and why. */
export type BootDecision =
  | { readonly kind: 'install'; readonly profile: Profile; readonly grant: Grant; readonly reason: string }
  /** The file allows one installation that was not granted yet. Step the life with `granted`, then decide again. */
  | { readonly kind: 'may-grant'; readonly profile: Profile; readonly reason: string }
  | { readonly kind: 'local'; readonly reason: string }
  /** Stop, say so on the screen, then boot from disk. Step the life with `boot-config-served`. */
  | { readonly kind: 'hold'; readonly profile: string; readonly reason: string }
  | { readonly kind: 'ignore'; readonly reason: string };

export interface DecideInput {
  /** As the configuration names it; undefined: unknown. */
  readonly machine?: Machine | undefined;
  readonly life?: Life | undefined;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly unknown:
    | { readonly kind: 'local' }
    | { readonly kind: 'ignore' }
    | { readonly kind: 'install'; readonly profile: string };
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The answer to a network boot. Nothing but a grant starts an installer. */
export function decideBoot(input: DecideInput): BootDecision {
  const { machine, life, unknown } = input;
  if (machine === undefined && unknown.kind === 'ignore') {
    return { kind: 'ignore', reason: 'unknown machines are ignored' };
  }
  if (machine === undefined && unknown.kind === 'local') return local('unknown machines boot from their disk');
  if (life?.state === 'retired') return local('the machine is retired');
  if (life?.operation) return decideUnderGrant(life, input);
  return decideWithoutGrant(input);
}

function decideUnderGrant(life: Life, input: DecideInput): BootDecision {
  const { operation } = life;
  if (operation === undefined) return local('no installation is granted');
  const { grant, stage } = operation;
  if (stage === 'first-contact') return local('it is installed, and its own system is waited for');
  if (isOverdue(life, input.now)) return local(`the time to install ${grant.profile} has run out`);
  if (stage === 'held') return hold(grant, 'the installation is held');
  if (stage === 'installing') return hold(grant, `it began to install ${grant.profile} and has not reported`);
  const profile = input.profiles.get(grant.profile);
  if (profile === undefined) return local(`the granted profile ${grant.profile} is not in the configuration any more`);
  const reason = grant.via === 'file' ? 'granted by `install: once`' : 'granted by an operator';
  return { kind: 'install', profile, grant, reason };
}

function decideWithoutGrant({ machine, life, profiles, unknown }: DecideInput): BootDecision {
  const name = machine ? machine.profile : unknown.kind === 'install' ? unknown.profile : undefined;
  if (name === undefined) return local('no profile is set for it');
  const profile = profiles.get(name);
  if (profile === undefined) return local(`its profile ${name} is not in the configuration`);
  const isOnce = machine === undefined || profile.install === 'once';
  if (!isOnce) return local('no installation is granted');
  if (life?.state === 'installed') return local('it is installed');
  if (life?.onceUsed) return local('its one installation was used; grant another with: rackready install');
  return { kind: 'may-grant', profile, reason: machine ? '`install: once`' : 'unknown machines are installed once' };
}

function local(reason: string): BootDecision {
  return { kind: 'local', reason };
}

function hold(grant: Grant, reason: string): BootDecision {
  return { kind: 'hold', profile: grant.profile, reason };
}
