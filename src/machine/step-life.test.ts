import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Life, Operation, State } from './life.ts';
import { isOverdue, type LifeEvent, newLife, stepLife } from './step-life.ts';

const NOW = 1_000_000;
const grant = { token: 'old', profile: 'debian-12', via: 'command', grantedAt: 1 } as const;
const timed = { ...grant, deadline: NOW + 60_000 };

/** Every stage that an operation can be in, and none. */
const stages: Record<string, Operation | undefined> = {
  'at rest': undefined,
  granted: { kind: 'install', stage: 'granted', grant },
  booting: { kind: 'install', stage: 'booting', grant: timed },
  answering: { kind: 'install', stage: 'installing', grant: { ...timed, answeredTo: '172.22.10.55' } },
  answered: { kind: 'install', stage: 'installing', grant: { ...timed, answeredTo: '172.22.10.55', answeredAt: 2 } },
  started: {
    kind: 'install',
    stage: 'installing',
    startedAt: 3,
    grant: { ...timed, answeredTo: '172.22.10.55', answeredAt: 2 },
  },
  held: { kind: 'install', stage: 'held', grant: { ...timed, answeredTo: '172.22.10.55', answeredAt: 2 } },
  waiting: {
    kind: 'install',
    stage: 'first-contact',
    contact: { hostKeys: ['ssh-ed25519 AAAA'], seen: 'nothing answers' },
    grant: { ...timed, token: '', answeredTo: '172.22.10.55', answeredAt: 2 },
  },
};
const states: readonly State[] = ['discovered', 'ready', 'installed', 'retired'];

const events: Record<string, LifeEvent> = {
  'granted by file': { kind: 'granted', token: 'new', profile: 'debian-12', via: 'file' },
  'granted by command': { kind: 'granted', token: 'new', profile: 'debian-12', via: 'command' },
  'boot config': { kind: 'boot-config-served', deadlineSeconds: 60 },
  'answer requested': { kind: 'answer-requested', address: '172.22.10.55', deadlineSeconds: 60 },
  'answer requested elsewhere': { kind: 'answer-requested', address: '172.22.10.66', deadlineSeconds: 60 },
  'answer sent': { kind: 'answer-sent', file: 'preseed.cfg' },
  'started reported': { kind: 'reported', report: 'started' },
  'choice reported': { kind: 'reported', report: 'chosen', chosen: { disk: '/dev/sda', nic: 'ens3' } },
  'done reported': { kind: 'reported', report: 'done' },
  'done with keys': { kind: 'reported', report: 'done', hostKeys: ['ssh-ed25519 AAAA'] },
  'failed reported': { kind: 'reported', report: 'failed', reason: 'no disk' },
  contacted: { kind: 'contacted', how: 'SSH answers', isVerified: true },
  'contact missed': { kind: 'contact-missed', seen: 'somebody else answers', isSilent: false },
  'deadline passed': { kind: 'deadline-passed' },
  cancelled: { kind: 'cancelled' },
  retired: { kind: 'retired' },
  unretired: { kind: 'unretired' },
};

/**
 * What each event does at each stage, for a machine in state `ready`. A stage or an outcome means moved there,
 * `keep` that nothing changes, and other text is part of the reason of a refusal.
 */
const table: Record<string, Record<string, string>> = {
  'at rest': {
    'granted by file': '-> granted',
    'granted by command': '-> granted',
    'boot config': 'no installation',
    'answer requested': 'no installation',
    'answer requested elsewhere': 'no installation',
    'answer sent': 'no installation',
    'started reported': 'no installation',
    'choice reported': 'no installation',
    'done reported': 'no installation',
    'done with keys': 'no installation',
    'failed reported': 'no installation',
    contacted: 'no installation',
    'contact missed': 'no installation',
    'deadline passed': 'no installation',
    cancelled: 'no installation',
    retired: '-> retired',
    unretired: 'not retired',
  },
  granted: {
    'granted by file': 'in progress already',
    'granted by command': 'in progress already',
    'boot config': '-> booting',
    'answer requested': '-> installing',
    'answer requested elsewhere': '-> installing',
    'answer sent': 'nobody asked',
    'started reported': 'not sent yet',
    'choice reported': 'not sent yet',
    'done reported': 'not sent yet',
    'done with keys': 'not sent yet',
    'failed reported': 'not sent yet',
    contacted: 'nobody waits',
    'contact missed': 'nobody waits',
    'deadline passed': 'has not run out',
    cancelled: '-> cancelled',
    retired: 'in progress',
    unretired: 'not retired',
  },
  booting: {
    'granted by file': 'in progress already',
    'granted by command': 'in progress already',
    'boot config': 'keep',
    'answer requested': '-> installing',
    'answer requested elsewhere': '-> installing',
    'answer sent': 'nobody asked',
    'started reported': '-> installing',
    'choice reported': '-> booting',
    'done reported': '-> succeeded',
    'done with keys': '-> first-contact',
    'failed reported': '-> failed',
    contacted: 'nobody waits',
    'contact missed': 'nobody waits',
    'deadline passed': 'has not run out',
    cancelled: '-> cancelled',
    retired: 'in progress',
    unretired: 'not retired',
  },
  answering: {
    'granted by file': 'in progress already',
    'granted by command': 'in progress already',
    'boot config': '-> held',
    'answer requested': 'keep',
    'answer requested elsewhere': 'belongs to 172.22.10.55',
    'answer sent': '-> installing',
    'started reported': '-> installing',
    'choice reported': '-> installing',
    'done reported': '-> succeeded',
    'done with keys': '-> first-contact',
    'failed reported': '-> failed',
    contacted: 'nobody waits',
    'contact missed': 'nobody waits',
    'deadline passed': 'has not run out',
    cancelled: '-> cancelled',
    retired: 'in progress',
    unretired: 'not retired',
  },
  answered: {
    'granted by file': 'in progress already',
    'granted by command': 'in progress already',
    'boot config': '-> held',
    'answer requested': 'handed over already',
    'answer requested elsewhere': 'handed over already',
    'answer sent': 'keep',
    'started reported': '-> installing',
    'choice reported': '-> installing',
    'done reported': '-> succeeded',
    'done with keys': '-> first-contact',
    'failed reported': '-> failed',
    contacted: 'nobody waits',
    'contact missed': 'nobody waits',
    'deadline passed': 'has not run out',
    cancelled: '-> cancelled',
    retired: 'in progress',
    unretired: 'not retired',
  },
  started: {
    'granted by file': 'in progress already',
    'granted by command': 'in progress already',
    'boot config': '-> held',
    'answer requested': 'handed over already',
    'answer requested elsewhere': 'handed over already',
    'answer sent': 'keep',
    'started reported': 'keep',
    'choice reported': '-> installing',
    'done reported': '-> succeeded',
    'done with keys': '-> first-contact',
    'failed reported': '-> failed',
    contacted: 'nobody waits',
    'contact missed': 'nobody waits',
    'deadline passed': 'has not run out',
    cancelled: '-> cancelled',
    retired: 'in progress',
    unretired: 'not retired',
  },
  held: {
    'granted by file': 'in progress already',
    'granted by command': '-> granted',
    'boot config': 'keep',
    'answer requested': 'is held',
    'answer requested elsewhere': 'is held',
    'answer sent': 'is held',
    'started reported': 'is held',
    'choice reported': 'is held',
    'done reported': '-> succeeded',
    'done with keys': '-> first-contact',
    'failed reported': '-> failed',
    contacted: 'nobody waits',
    'contact missed': 'nobody waits',
    'deadline passed': 'has not run out',
    cancelled: '-> cancelled',
    retired: 'in progress',
    unretired: 'not retired',
  },
  waiting: {
    'granted by file': 'in progress already',
    'granted by command': 'in progress already',
    'boot config': '-> first-contact',
    'answer requested': 'has reported',
    'answer requested elsewhere': 'has reported',
    'answer sent': 'has reported',
    'started reported': 'has reported',
    'choice reported': 'has reported',
    'done reported': 'has reported',
    'done with keys': 'has reported',
    'failed reported': 'has reported',
    contacted: '-> succeeded',
    'contact missed': '-> first-contact',
    'deadline passed': 'has not run out',
    cancelled: '-> cancelled',
    retired: 'in progress',
    unretired: 'not retired',
  },
};

/** The table holds for `ready`; these are the only cells that other states change. */
function expectedFor(state: State, stage: string, event: string): string | undefined {
  if (event.startsWith('granted') && state === 'retired') return 'is retired';
  if (event === 'granted by file' && state === 'installed') return 'is installed';
  if (event === 'retired' && state === 'retired') return 'retired already';
  if (event === 'unretired' && state === 'retired') return '-> ready';
  return table[stage]?.[event];
}

for (const state of states) {
  for (const [stage, operation] of Object.entries(stages)) {
    for (const [name, event] of Object.entries(events)) {
      test(`stepLife() ${state}, ${stage}, ${name}`, () => {
        const life: Life = { machine: 'sm1', state, onceUsed: false, operation };
        const before = structuredClone(life);
        const step = stepLife(life, event, NOW);
        const expected = expectedFor(state, stage, name);
        assert.deepEqual(life, before, 'the life that went in is untouched');
        assert.ok(expected, 'the table has a row for it');
        if (step.kind === 'refused') {
          assert.ok(step.reason.includes(expected), `${step.reason} / ${expected}`);
        } else if (step.kind === 'kept') {
          assert.equal(expected, 'keep');
          assert.equal(step.life, life);
        } else {
          const after = step.life;
          const isRest = event.kind === 'retired' || event.kind === 'unretired';
          const where = isRest ? after.state : (after.operation?.stage ?? after.outcome?.result);
          assert.equal(`-> ${where}`, expected);
          if (!isRest) assert.equal(after.state, expected === '-> succeeded' ? 'installed' : state);
          if (isRest) assert.deepEqual(after.operation, operation);
          assert.notDeepEqual(after, life);
        }
      });
    }
  }
}

function life(stage: string): Life {
  return { machine: 'sm1', state: 'ready', onceUsed: true, operation: stages[stage] };
}

function movedLife(from: Life, event: LifeEvent, now = NOW): Life {
  const step = stepLife(from, event, now);
  assert.equal(step.kind, 'moved', step.kind === 'refused' ? step.reason : step.kind);
  return step.kind === 'moved' ? step.life : from;
}

test('stepLife() lets the file grant one installation, ever', () => {
  const file: LifeEvent = { kind: 'granted', token: 'a', profile: 'debian-12', via: 'file' };
  let now = movedLife(newLife('sm1'), file);
  now = movedLife(now, { kind: 'cancelled' });
  assert.deepEqual(stepLife(now, file, NOW), {
    kind: 'refused',
    reason: '`install: once` of the file was used already',
  });
  assert.equal(stepLife(now, { ...file, via: 'command' }, NOW).kind, 'moved');
});

test('stepLife() starts the deadline when the installer is first sent, and not again', () => {
  const serve: LifeEvent = { kind: 'boot-config-served', deadlineSeconds: 60 };
  const first = movedLife(life('granted'), serve, 5000);
  assert.equal(first.operation?.grant.deadline, 65_000);
  assert.equal(stepLife(first, serve, 9000).kind, 'kept');
  const asked = movedLife(first, { kind: 'answer-requested', address: '172.22.10.55', deadlineSeconds: 60 }, 30_000);
  assert.equal(asked.operation?.grant.deadline, 65_000);
  assert.equal(isOverdue(asked, 64_999), false);
  assert.equal(isOverdue(asked, 65_000), true);
});

for (const [stage, operation] of Object.entries(stages)) {
  if (operation?.grant.deadline === undefined) continue;
  const late = operation.grant.deadline;
  for (const [name, event] of Object.entries(events)) {
    test(`stepLife() after the deadline, ${stage}, ${name}`, () => {
      const step = stepLife(life(stage), event, late);
      if (event.kind === 'retired' || event.kind === 'unretired') {
        assert.equal(step.kind, 'refused');
      } else if (event.kind === 'deadline-passed' || event.kind === 'cancelled') {
        assert.equal(
          step.kind === 'moved' && step.life.outcome?.result,
          event.kind === 'cancelled' ? 'cancelled' : 'expired',
        );
      } else if (event.kind === 'granted') {
        assert.equal(step.kind, stage === 'held' && event.via === 'command' ? 'moved' : 'refused');
      } else {
        assert.deepEqual(step, { kind: 'refused', reason: 'the time of the grant has run out' });
      }
    });
  }
}

test('stepLife() tells what an operator wants to know, and only then', () => {
  const toldOf = (stage: string, name: string) => {
    const step = stepLife(life(stage), events[name] ?? { kind: 'cancelled' }, NOW);
    return step.kind === 'moved' ? step.told?.id : undefined;
  };
  assert.equal(toldOf('at rest', 'granted by command'), 'install.granted');
  assert.equal(toldOf('granted', 'boot config'), undefined);
  assert.equal(toldOf('answered', 'boot config'), 'boot.held');
  assert.equal(toldOf('held', 'boot config'), undefined);
  assert.equal(toldOf('booting', 'answer requested'), undefined);
  assert.equal(toldOf('answering', 'answer sent'), 'answer.fetched');
  assert.equal(toldOf('answered', 'started reported'), 'install.started');
  assert.equal(toldOf('started', 'done reported'), 'install.done');
  assert.equal(toldOf('started', 'done with keys'), 'install.reported');
  assert.equal(toldOf('waiting', 'contacted'), 'install.done');
  assert.equal(toldOf('started', 'failed reported'), 'install.failed');
  assert.equal(toldOf('started', 'cancelled'), 'install.cancelled');
});

test('stepLife() keeps what the installer chose, also when its installation ends', () => {
  const chosen = { disk: '/dev/sda', diskId: '/dev/disk/by-id/ata-A_1', diskBytes: 4e9, nic: 'ens3' };
  const report: LifeEvent = { kind: 'reported', report: 'chosen', chosen };
  const told = stepLife(life('started'), report, NOW);
  assert.deepEqual(told.kind === 'moved' && told.told, {
    id: 'install.chosen',
    data: { profile: 'debian-12', ...chosen },
  });
  const after = movedLife(life('started'), report);
  assert.equal(stepLife(after, report, NOW).kind, 'kept', 'the same once more says nothing new');
  assert.deepEqual(movedLife(after, { kind: 'reported', report: 'failed', reason: 'x' }).chosen, chosen);
  const other = movedLife(after, { ...report, chosen: { disk: '/dev/sdb' } });
  assert.deepEqual(other.chosen, { disk: '/dev/sdb' });
});

test('stepLife() forgets the grant when it ends', () => {
  const done = movedLife(life('started'), { kind: 'reported', report: 'done' });
  assert.deepEqual(done, {
    machine: 'sm1',
    state: 'installed',
    onceUsed: true,
    outcome: {
      kind: 'install',
      profile: 'debian-12',
      result: 'succeeded',
      reason: 'the installer reported success, and no SSH key is configured to look for its system with',
      at: NOW,
      isVerified: false,
    },
  });
});

test('stepLife() gives up the token with the report, and says at the end what was seen instead of the system', () => {
  const reported = movedLife(life('started'), { kind: 'reported', report: 'done', hostKeys: [] }, 5000);
  assert.equal(reported.operation?.grant.token, '');
  const seen = 'nothing answers by SSH at 172.22.10.55';
  const missed = movedLife(reported, { kind: 'contact-missed', seen, isSilent: true }, 6000);
  const deadline = missed.operation?.grant.deadline ?? 0;
  assert.equal(deadline, 5000 + 20 * 60_000);
  const end = movedLife(missed, { kind: 'deadline-passed' }, deadline);
  assert.equal(end.state, 'ready');
  assert.equal(end.outcome?.reason, 'the installer reported success, but nothing answers by SSH at 172.22.10.55');
});

test('stepLife() keeps the first sign that the installer has ended', () => {
  const boot: LifeEvent = { kind: 'boot-config-served', deadlineSeconds: 60 };
  const waiting = life('waiting');
  const open: LifeEvent = { kind: 'contact-missed', seen: 'it may be the installer’s own', isSilent: false };
  const other = movedLife(waiting, open);
  assert.equal(other.operation?.contact?.ended, undefined, 'that something answers says nothing');
  const booted = movedLife(other, boot);
  const { contact } = booted.operation ?? {};
  assert.equal(contact?.ended, 'it has booted from the network since its report');
  assert.equal(contact?.seen, 'it may be the installer’s own');
  assert.equal(stepLife(booted, boot, NOW).kind, 'kept');
  const silent = movedLife(waiting, { kind: 'contact-missed', seen: 'nothing answers any more', isSilent: true });
  assert.equal(silent.operation?.contact?.ended, 'it was silent after its report');
  const later = movedLife(silent, open);
  assert.equal(later.operation?.contact?.ended, 'it was silent after its report');
});

test('stepLife() says whether the installed system was verified', () => {
  const end = (event: LifeEvent) => {
    const step = stepLife(life('waiting'), event, NOW);
    assert.ok(step.kind === 'moved');
    return [step.life.state, step.life.outcome?.isVerified, step.told?.data];
  };
  const how = 'SSH answers';
  const data = { profile: 'debian-12', how };
  assert.deepEqual(end({ kind: 'contacted', how, isVerified: true }), ['installed', true, { ...data, verified: true }]);
  assert.deepEqual(end({ kind: 'contacted', how, isVerified: false }), [
    'installed',
    false,
    { ...data, verified: false },
  ]);
});

test('stepLife() retires what is at rest, and says what it is again afterwards', () => {
  const outcome = { kind: 'install', profile: 'debian-12', result: 'succeeded', reason: 'x', at: 1 } as const;
  const installed: Life = { machine: 'sm1', state: 'installed', onceUsed: true, outcome };
  const retired = movedLife(installed, { kind: 'retired' });
  assert.deepEqual(retired, { ...installed, state: 'retired' });
  const grant = stepLife(retired, events['granted by command'] ?? { kind: 'cancelled' }, NOW);
  assert.match(grant.kind === 'refused' ? grant.reason : '', /is retired, and is not installed until it is unretired/);
  assert.deepEqual(movedLife(retired, { kind: 'unretired' }), installed);
  const fresh = movedLife(newLife('sm2', 'discovered'), { kind: 'retired' });
  assert.equal(movedLife(fresh, { kind: 'unretired' }).state, 'ready');
});
