import assert from 'node:assert/strict';
import { test } from 'node:test';
import { debian, machine } from '../../test/boot-values.ts';
import type { Life, Operation } from '../machine/life.ts';
import { decideBoot } from './decide.ts';

const NOW = 1_000_000;
const grant = { token: 'T', profile: 'debian-12', via: 'command', grantedAt: 1 } as const;
const profiles = new Map([
  ['debian-12', debian],
  ['once', { ...debian, name: 'once', install: 'once' as const }],
]);
const base = { machine: machine(), profiles, unknown: { kind: 'local' }, now: NOW } as const;
const life = (over: Partial<Life> = {}): Life => ({ machine: 'sm1', state: 'ready', onceUsed: false, ...over });
const at = (stage: Operation['stage'], over: object = {}): Life =>
  life({ operation: { kind: 'install', stage, grant: { ...grant, ...over } } });
const once = machine({ profile: 'once' });
const install = { kind: 'install', profile: 'debian-12' } as const;

const rows: readonly [string, Parameters<typeof decideBoot>[0], string, RegExp][] = [
  ['unknown, local', { ...base, machine: undefined }, 'local', /unknown machines boot from their disk/],
  ['unknown, ignore', { ...base, machine: undefined, unknown: { kind: 'ignore' } }, 'ignore', /ignored/],
  ['unknown, install', { ...base, machine: undefined, unknown: install }, 'may-grant', /unknown machines/],
  [
    'unknown, installed once',
    { ...base, machine: undefined, unknown: install, life: life({ onceUsed: true }) },
    'local',
    /was used/,
  ],
  [
    'unknown, under grant',
    { ...base, machine: undefined, unknown: install, life: at('granted') },
    'install',
    /operator/,
  ],
  ['no profile', { ...base, machine: machine({ profile: undefined }) }, 'local', /no profile/],
  ['profile that is gone', { ...base, machine: machine({ profile: 'gone' }) }, 'local', /gone is not in/],
  ['manual, no life yet', base, 'local', /no installation is granted/],
  ['manual, ready', { ...base, life: life() }, 'local', /no installation is granted/],
  ['once, no life yet', { ...base, machine: once }, 'may-grant', /install: once/],
  ['once, used', { ...base, machine: once, life: life({ onceUsed: true }) }, 'local', /was used/],
  ['once, installed', { ...base, machine: once, life: life({ state: 'installed' }) }, 'local', /is installed/],
  ['retired, under grant', { ...base, life: { ...at('granted'), state: 'retired' } }, 'local', /retired/],
  ['granted', { ...base, life: at('granted') }, 'install', /by an operator/],
  ['granted by the file', { ...base, life: at('granted', { via: 'file' }) }, 'install', /install: once/],
  ['granted, installed before', { ...base, life: { ...at('granted'), state: 'installed' } }, 'install', /operator/],
  ['granted, profile gone', { ...base, life: at('granted', { profile: 'gone' }) }, 'local', /granted profile gone/],
  ['booting', { ...base, life: at('booting', { deadline: NOW + 1 }) }, 'install', /operator/],
  ['booting, too late', { ...base, life: at('booting', { deadline: NOW }) }, 'local', /run out/],
  ['installing', { ...base, life: at('installing', { deadline: NOW + 1 }) }, 'hold', /has not reported/],
  ['held', { ...base, life: at('held', { deadline: NOW + 1 }) }, 'hold', /is held/],
  ['held, too late', { ...base, life: at('held', { deadline: NOW }) }, 'local', /run out/],
];

for (const [name, input, kind, reason] of rows) {
  test(`decideBoot() ${name}`, () => {
    const decision = decideBoot(input);
    assert.equal(decision.kind, kind);
    assert.match(decision.reason, reason);
  });
}

test('decideBoot() installs what was granted, not what the machine’s profile says meanwhile', () => {
  const decision = decideBoot({ ...base, machine: once, life: at('granted') });
  assert.equal(decision.kind === 'install' && decision.profile.name, 'debian-12');
});
