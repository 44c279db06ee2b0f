import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  openTransfer,
  step,
  type TransferAction,
  type TransferEvent,
  type TransferPlan,
  wireBlock,
} from './transfer.ts';

const lockStep: TransferPlan = {
  lastBlock: 3,
  window: 1,
  rollover: 0,
  hasOack: false,
  asksSize: false,
  timeoutSeconds: undefined,
};

/** One action as a word: "oack", "1-4", "wait 1000", "started", "distrust", "done", "stalled too-large 63". */
function word(action: TransferAction): string {
  switch (action.kind) {
    case 'send-blocks':
      return action.first === action.last ? String(action.first) : `${action.first}-${action.last}`;
    case 'arm-timer':
      return `wait ${action.ms}`;
    case 'send-oack':
      return 'oack';
    case 'distrust-block-size':
      return 'distrust';
    case 'unheard':
      return 'unheard';
    case 'started':
      return 'started';
    case 'end': {
      const { outcome } = action;
      if (outcome.kind === 'done') return outcome.finalAck ? 'done' : 'done without ack';
      if (outcome.kind === 'stalled') return `stalled ${outcome.hint} ${outcome.seconds}`;
      return outcome.kind === 'aborted' ? `aborted ${outcome.code} ${outcome.reason}` : outcome.kind;
    }
  }
}

/** A row: what happens, and what is done about it ("" = nothing). Numbers are acknowledgements. */
type Row = readonly [event: number | TransferEvent['kind'], did: string];

function run(plan: TransferPlan, rows: readonly Row[]): void {
  let state = openTransfer(plan);
  for (const [index, [what, did]] of rows.entries()) {
    const event: TransferEvent =
      typeof what === 'number'
        ? { kind: 'ack', block: what }
        : what === 'error'
          ? { kind: 'error', code: 8, message: 'bye' }
          : ({ kind: what } as TransferEvent);
    const result = step(state, event);
    state = result.state;
    assert.equal(result.actions.map(word).join(', '), did, `step ${index + 1}: ${what}`);
  }
}

const times = (count: number, row: Row): Row[] => Array.from({ length: count }, () => row);

const stories: readonly [what: string, plan: Partial<TransferPlan>, rows: readonly Row[]][] = [
  [
    'lock-step without options: block 1 is the answer',
    {},
    [
      ['start', 'started, 1, wait 1000'],
      [1, '2, wait 1000'],
      [2, '3, wait 1000'],
      [3, 'done'],
    ],
  ],
  [
    'with options: the OACK first, then ACK 0 begins',
    { hasOack: true },
    [
      ['start', 'oack, wait 1000'],
      [1, ''],
      [0, 'started, 1, wait 1000'],
      [0, ''],
      [1, '2, wait 1000'],
    ],
  ],
  [
    'an empty file is one empty block',
    { lastBlock: 1 },
    [
      ['start', 'started, 1, wait 1000'],
      [1, 'done'],
    ],
  ],
  [
    "Sorcerer's Apprentice: an acknowledgement that comes twice sends nothing",
    {},
    [
      ['start', 'started, 1, wait 1000'],
      [1, '2, wait 1000'],
      [1, ''],
      [1, ''],
      [2, '3, wait 1000'],
      [1, ''],
    ],
  ],
  [
    'an acknowledgement of a block that was not sent means nothing',
    {},
    [
      ['start', 'started, 1, wait 1000'],
      [2, ''],
      [65535, ''],
    ],
  ],
  [
    'a window goes out at once, and the next follows its last acknowledgement',
    { lastBlock: 10, window: 4, hasOack: true },
    [
      ['start', 'oack, wait 1000'],
      [0, 'started, 1-4, wait 1000'],
      [4, '5-8, wait 1000'],
      [8, '9-10, wait 1000'],
      [10, 'done'],
    ],
  ],
  [
    'a gap inside a window: go back to it, once per acknowledgement',
    { lastBlock: 10, window: 4, hasOack: true },
    [
      ['start', 'oack, wait 1000'],
      [0, 'started, 1-4, wait 1000'],
      [2, '3-6, wait 1000'],
      [2, ''],
      [2, ''],
      ['timeout', '3-6, wait 2000'],
      [2, '3-6, wait 2000'],
      [6, '7-10, wait 1000'],
      // Of the second copies of 3 to 6.
      ...times(4, [6, '']),
      [5, ''],
    ],
  ],
  [
    'the first block of a window is missing: the window again, once',
    { lastBlock: 20, window: 4, hasOack: true },
    [
      ['start', 'oack, wait 1000'],
      [0, 'started, 1-4, wait 1000'],
      [4, '5-8, wait 1000'],
      [4, '5-8, wait 1000'],
      [4, ''],
      [8, '9-12, wait 1000'],
      [8, ''],
      [12, '13-16, wait 1000'],
      [12, '13-16, wait 1000'],
    ],
  ],
  [
    'the timer goes 1, 2, 4, 8, 8 s and back to 1 after progress',
    {},
    [
      ['start', 'started, 1, wait 1000'],
      [1, '2, wait 1000'],
      ['timeout', '2, wait 2000'],
      ['timeout', '2, wait 4000'],
      ['timeout', '2, wait 8000'],
      ['timeout', '2, wait 8000'],
      [2, '3, wait 1000'],
    ],
  ],
  [
    "the client's own timeout does not double",
    { hasOack: true, timeoutSeconds: 5 },
    [
      ['start', 'oack, wait 5000'],
      ['timeout', 'oack, wait 5000'],
      ['timeout', 'oack, wait 5000'],
    ],
  ],
  [
    'patience ends after more than 60 s; three lost first blocks blame their size',
    { hasOack: true },
    [
      ['start', 'oack, wait 1000'],
      [0, 'started, 1, wait 1000'],
      ['timeout', '1, wait 2000'],
      ['timeout', '1, wait 4000'],
      ['timeout', 'distrust, 1, wait 8000'],
      ...times(6, ['timeout', '1, wait 8000']),
      ['timeout', 'stalled too-large 63'],
      [1, ''],
      ['timeout', ''],
    ],
  ],
  [
    'an OACK that nobody answers stalls as unreachable',
    { hasOack: true, asksSize: true },
    [
      ['start', 'oack, wait 1000'],
      ['timeout', 'oack, wait 2000'],
      ['timeout', 'oack, wait 4000'],
      ['timeout', 'oack, unheard, wait 8000'],
      ...times(6, ['timeout', 'oack, wait 8000']),
      ['timeout', 'stalled unreachable 63'],
    ],
  ],
  [
    'silence in the middle stalls',
    { lastBlock: 9 },
    [
      ['start', 'started, 1, wait 1000'],
      [1, '2, wait 1000'],
      ['timeout', '2, wait 2000'],
      ['timeout', '2, wait 4000'],
      ...times(7, ['timeout', '2, wait 8000']),
      ['timeout', 'stalled silent 63'],
    ],
  ],
  [
    'ERROR after an OACK with a size is a probe, and nothing is sent',
    { hasOack: true, asksSize: true },
    [
      ['start', 'oack, wait 1000'],
      ['error', 'probe'],
      ['error', ''],
    ],
  ],
  [
    'ERROR after an OACK without a size is a refusal',
    { hasOack: true },
    [
      ['start', 'oack, wait 1000'],
      ['error', 'aborted 8 bye'],
    ],
  ],
  [
    'ERROR in the middle ends the transfer',
    {},
    [
      ['start', 'started, 1, wait 1000'],
      ['error', 'aborted 8 bye'],
      [1, ''],
    ],
  ],
  [
    'a probe that ends in silence, after the client asked again',
    { hasOack: true, asksSize: true },
    [
      ['start', 'oack, wait 1000'],
      ['superseded', ''],
      ['timeout', 'oack, wait 2000'],
      ['timeout', 'oack, wait 4000'],
      ['timeout', 'oack, wait 8000'],
      ['timeout', 'probe'],
    ],
  ],
  [
    'another request for the same file does not disturb a transfer that goes on',
    { hasOack: true },
    [
      ['start', 'oack, wait 1000'],
      ['superseded', ''],
      [0, 'started, 1, wait 1000'],
    ],
  ],
  [
    'the same request again gets the OACK again',
    { hasOack: true },
    [
      ['start', 'oack, wait 1000'],
      ['request-again', 'oack'],
      [0, 'started, 1, wait 1000'],
      ['request-again', ''],
    ],
  ],
  [
    'the same request again gets block 1 again, until that was acknowledged',
    {},
    [
      ['start', 'started, 1, wait 1000'],
      ['request-again', '1, wait 1000'],
      [1, '2, wait 1000'],
      ['request-again', ''],
    ],
  ],
  [
    'the last acknowledgement may be missing',
    {},
    [
      ['start', 'started, 1, wait 1000'],
      [1, '2, wait 1000'],
      [2, '3, wait 1000'],
      ['timeout', '3, wait 2000'],
      ['timeout', '3, wait 4000'],
      ['timeout', '3, wait 8000'],
      ['timeout', 'done without ack'],
    ],
  ],
  [
    'a client that goes on to another file has got the last block',
    {},
    [
      ['start', 'started, 1, wait 1000'],
      [1, '2, wait 1000'],
      [2, '3, wait 1000'],
      ['replaced', 'done without ack'],
    ],
  ],
  [
    'a client that begins again because it gets no first block: the size of that is blamed',
    { hasOack: true },
    [
      ['start', 'oack, wait 1000'],
      [0, 'started, 1, wait 1000'],
      ['timeout', '1, wait 2000'],
      ['replaced', 'distrust, aborted 0 the client began again'],
    ],
  ],
  [
    'a client that goes on to another file in the middle has broken off',
    {},
    [
      ['start', 'started, 1, wait 1000'],
      ['replaced', 'aborted 0 the client began again'],
    ],
  ],
];

describe('a TFTP transfer', () => {
  for (const [what, plan, rows] of stories) test(what, () => run({ ...lockStep, ...plan }, rows));

  test('wireBlock() goes from 65535 to 0, or to 1', () => {
    assert.deepEqual(
      [65535, 65536, 65537, 131072].map((block) => wireBlock(block, 0)),
      [65535, 0, 1, 0],
    );
    assert.deepEqual(
      [65535, 65536, 131070, 131071].map((block) => wireBlock(block, 1)),
      [65535, 1, 65535, 1],
    );
  });
});

/** What a packet does on its way: how long it takes; several numbers: it is doubled; none: it is lost. */
type Fate = () => readonly number[];

interface Simulation {
  readonly file: Uint8Array;
  readonly blockSize: number;
  readonly window: number;
  readonly rollover: 0 | 1;
  readonly hasOack: boolean;
  readonly fate: Fate;
}

/**
 * Two pure ends, a link, and a clock that jumps to the next thing to happen. The receiver is written from RFC 1350 and
 * RFC 7440 without the sender's code: it keeps the next number it expects as 16 bits, and counts what it takes.
 */
function simulate(simulation: Simulation): { received: Uint8Array; packets: number; end: string } {
  const { file, blockSize, window, rollover, hasOack, fate } = simulation;
  const lastBlock = Math.floor(file.length / blockSize) + 1;
  let state = openTransfer({ ...lockStep, lastBlock, window, rollover, hasOack });
  const agenda: { at: number; order: number; run: () => void }[] = [];
  const later = (at: number, run: () => void) => agenda.push({ at, order: agenda.length, run });
  const pieces: Uint8Array[] = [];
  let [now, packets, end, timerId] = [0, 0, '', 0];
  let [expected, inWindow, lastAck, isComplete, silence] = [1, 0, hasOack ? -1 : 0, false, 0];

  const travel = (arrive: () => void) => {
    packets++;
    for (const delay of fate()) later(now + delay, arrive);
  };
  const acknowledge = (block: number) => {
    lastAck = block;
    inWindow = 0;
    const mine = ++silence;
    travel(() => tell({ kind: 'ack', block }));
    // A receiver says again what it has when nothing comes; only a whole one stays silent.
    later(now + 3000, () => {
      if (mine === silence && !isComplete && end === '') acknowledge(block);
    });
  };
  const onOack = () => {
    if (lastAck <= 0 && pieces.length === 0) acknowledge(0);
  };
  const onData = (number: number, data: Uint8Array) => {
    if (number !== expected) {
      // RFC 7440: a block out of order is answered with the last one in order; in lock-step every block is answered.
      if (lastAck >= 0) acknowledge(expected === 1 && pieces.length === 0 ? 0 : lastInOrder());
      return;
    }
    pieces.push(data);
    expected = number === 65535 ? rollover : number + 1;
    inWindow++;
    isComplete = data.length < blockSize;
    if (isComplete || inWindow >= window) acknowledge(number);
  };
  const lastInOrder = () => (expected === rollover && pieces.length >= 65535 ? 65535 : expected - 1);
  const perform = (action: TransferAction) => {
    if (action.kind === 'send-oack') travel(onOack);
    if (action.kind === 'end') end = word(action);
    if (action.kind === 'arm-timer') {
      const mine = ++timerId;
      later(now + action.ms, () => mine === timerId && tell({ kind: 'timeout' }));
    }
    if (action.kind !== 'send-blocks') return;
    for (let block = action.first; block <= action.last; block++) {
      const data = file.subarray((block - 1) * blockSize, block * blockSize);
      const number = block > 65535 && rollover === 1 ? ((block - 1) % 65535) + 1 : block & 0xffff;
      travel(() => onData(number, data));
    }
  };
  const tell = (event: TransferEvent) => {
    const result = step(state, event);
    state = result.state;
    result.actions.forEach(perform);
  };

  tell({ kind: 'start' });
  while (agenda.length > 0 && end === '') {
    let next = 0;
    for (const [index, { at }] of agenda.entries()) if (at < (agenda[next]?.at ?? 0)) next = index;
    const [entry] = agenda.splice(next, 1);
    now = entry?.at ?? now;
    entry?.run();
  }
  const received = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    received.set(piece, offset);
    offset += piece.length;
  }
  return { received, packets, end };
}

/** Numbers that look random and are the same each time. */
function generator(seed: number): () => number {
  let value = seed >>> 0;
  return () => {
    value = (Math.imul(value, 1664525) + 1013904223) >>> 0;
    return value / 2 ** 32;
  };
}

function bytesOf(length: number, seed = 1): Uint8Array {
  const random = generator(seed);
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** Loses, doubles and delays: a delay past the next packet's turns their order around. */
function badLink(seed: number, rates: { readonly loss: number; readonly double: number; readonly late: number }): Fate {
  const random = generator(seed);
  return () => {
    if (random() < rates.loss) return [];
    const delay = random() < rates.late ? 5 + random() * 500 : 1;
    return random() < rates.double ? [delay, delay + random() * 20] : [delay];
  };
}

describe('a TFTP transfer over a simulated link', () => {
  const good = { blockSize: 512, window: 1, rollover: 0 as const, hasOack: true, fate: () => [1] };

  for (const length of [0, 1, 511, 512, 513, 1024, 5000]) {
    for (const window of [1, 4, 16]) {
      test(`${length} bytes, window ${window}`, () => {
        const file = bytesOf(length);
        const { received, packets, end } = simulate({ ...good, file, window });
        assert.deepEqual(received, file);
        assert.equal(end, 'done');
        // OACK and its ACK, each block once, one ACK a window.
        const blocks = Math.floor(length / 512) + 1;
        assert.equal(packets, 2 + blocks + Math.ceil(blocks / window));
      });
    }
  }

  for (const rollover of [0, 1] as const) {
    for (const window of [1, 16]) {
      test(`more than two times 65535 blocks, roll-over to ${rollover}, window ${window}`, () => {
        const file = bytesOf(8 * (2 * 65535 + 40) + 3);
        const { received, end } = simulate({ ...good, file, window, rollover, blockSize: 8 });
        assert.ok(Buffer.from(received).equals(Buffer.from(file)));
        assert.equal(end, 'done');
      });
    }
  }

  test('65,536 blocks with losses around the roll-over', () => {
    const file = bytesOf(8 * 65600);
    const random = generator(7);
    let count = 0;
    const fate = () => (++count > 65_000 && random() < 0.05 ? [] : [1]);
    for (const window of [1, 8]) {
      count = 0;
      const { received } = simulate({ ...good, file, window, blockSize: 8, fate });
      assert.ok(Buffer.from(received).equals(Buffer.from(file)));
    }
  });

  test('the bytes arrive whole over links that lose, double and reorder', () => {
    const rate = (max: number) => fc.double({ min: 0, max, noNaN: true });
    fc.assert(
      fc.property(
        fc.record({
          length: fc.integer({ min: 0, max: 6000 }),
          window: fc.constantFrom(1, 2, 4, 16),
          hasOack: fc.boolean(),
          seed: fc.integer({ min: 1, max: 2 ** 31 }),
          rates: fc.record({ loss: rate(0.15), double: rate(0.3), late: rate(0.3) }),
        }),
        ({ length, window, hasOack, seed, rates }) => {
          const file = bytesOf(length, seed);
          const fate = badLink(seed, rates);
          const { received, end } = simulate({ ...good, blockSize: 64, file, window, hasOack, fate });
          assert.match(end, /^done/);
          assert.deepEqual(received, file);
        },
      ),
      // A fixed seed: with enough tries any link loses the last block often enough to be given up.
      { numRuns: 300, seed: 1350 },
    );
  });

  test("doubling every packet does not multiply the blocks (Sorcerer's Apprentice)", () => {
    const file = bytesOf(512 * 200);
    const { received, packets } = simulate({ ...good, file, fate: () => [1, 1.5] });
    assert.deepEqual(received, file);
    // Each block is sent once; the receiver acknowledges both copies of it.
    assert.ok(packets <= 3 * 201 + 4, `${packets} packets`);
  });

  for (const [what, fate] of [
    ['arrives twice', [1, 1.5]],
    ['comes after the timer', [1500]],
  ] as const) {
    for (const window of [4, 16]) {
      test(`one acknowledgement that ${what} does not double all windows after it (${window} blocks)`, () => {
        const file = bytesOf(512 * 400);
        const clean = simulate({ ...good, file, window }).packets;
        let count = 0;
        // An acknowledgement at the end of a window.
        const once = () => (++count === 2 + 3 * (window + 1) ? fate : [1]);
        const { received, packets } = simulate({ ...good, file, window, fate: once });
        assert.deepEqual(received, file);
        assert.ok(packets <= clean + 4 * window, `${packets} packets, ${clean} without it`);
      });
    }
  }
});
