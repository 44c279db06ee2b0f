import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fakePorts, NOW } from '../../../test/support/api.ts';
import { mirrorConfig } from '../../../test/support/mirror-config.ts';
import type { MirrorView } from '../../mirror/mirror-view.ts';
import { firstScrub } from '../../mirror/run/scrub.ts';
import { emptyState } from '../../mirror/run/state.ts';
import { createApi } from '../api/create-api.ts';
import { formatMetrics } from './exposition.ts';

interface Parsed {
  readonly type: string;
  readonly help: string;
  /** Label set to value. */
  readonly samples: Map<string, number>;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** Prometheus' text format, with all that its documents say must be so, and its rules for names. Throws at what is not. */
function parseStrictly(text: string): Map<string, Parsed> {
  assert.ok(text.endsWith('\n'), 'the last line has an end');
  const families = new Map<string, Parsed>();
  let current = '';
  let help: string | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === 'HELP') {
      assert.match(name, NAME);
      assert.ok(!families.has(name), `${name} comes twice`);
      assert.match(rest, /^[A-Z].*\.$|: .*\.$|^[a-zA-Z].*\.$/, `help of ${name}`);
      current = name;
      help = rest;
      continue;
    }
    if (kind === 'TYPE') {
      assert.equal(name, current);
      assert.ok(['counter', 'gauge'].includes(rest), line);
      assert.equal(name.endsWith('_total'), rest === 'counter', `${name} is a ${rest}`);
      assert.doesNotMatch(name, /_(ms|milliseconds|kb|mb|count|sum|bucket)$/, `unit of ${name}`);
      families.set(name, { type: rest, help: help ?? assert.fail(line), samples: new Map() });
      continue;
    }
    const [, family = '', labels = '', value = ''] = /^([^{ ]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? assert.fail(line);
    assert.equal(family, current, line);
    const pairs = labels === '' ? [] : labels.split(/,(?=[a-z_]+=")/);
    for (const pair of pairs) assert.match(pair, /^[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"$/, line);
    const { samples } = families.get(family) ?? assert.fail(line);
    assert.ok(!samples.has(labels), `${line} comes twice`);
    assert.match(value, /^(?:[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|[+-]Inf)$/, line);
    samples.set(labels, Number(value.replace('Inf', 'Infinity')));
  }
  for (const [name, { samples }] of families) assert.notEqual(samples.size, 0, `${name} has no sample`);
  return families;
}

const CONFIG = mirrorConfig('http://192.0.2.1/', { name: 'el "9"\\' });

const SERVING: MirrorView = {
  name: CONFIG.name,
  config: CONFIG,
  state: {
    ...emptyState,
    current: 'a',
    snapshots: [
      {
        id: 'a',
        at: NOW,
        revision: '1',
        size: { files: 3, bytes: 5000, packages: 2, unverified: 1 },
        entries: [],
        boot: {},
        remarks: [],
      },
    ],
    lastSuccessAt: NOW,
    lastRun: { startedAt: NOW - 1000, endedAt: NOW, result: 'held', reason: 'empty' },
    held: { at: NOW, reasons: ['empty'] },
  },
  progress: {
    phase: 'fetching',
    startedAt: NOW,
    filesDone: 1,
    filesTotal: 2,
    bytesDone: 100,
    bytesTotal: 400,
    bytesPerSecond: 50,
    secondsLeft: 6,
    retries: 0,
    current: [],
  },
};

async function scrape(mirrors: readonly MirrorView[]): Promise<string> {
  const { ports } = fakePorts();
  const scrubView = () =>
    mirrors.length === 0
      ? undefined
      : {
          ...firstScrub(NOW),
          startedAt: NOW,
          endedAt: NOW,
          pool: { files: 3, bytes: 4 },
          aside: { files: 1, bytes: 5 },
          waiting: [],
        };
  const app = createApi({ ...ports, mirrors: { ...ports.mirrors, list: () => mirrors, scrubView } });
  const answer = await app.inject('/metrics');
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  return answer.body;
}

describe('GET /metrics', () => {
  test('is Prometheus’ text format, whatever the names are, and says what there is', async () => {
    const families = parseStrictly(await scrape([SERVING, { name: 'new', config: CONFIG, state: emptyState }]));
    const read = (name: string, labels = '') => families.get(name)?.samples.get(labels);
    const el = 'mirror="el \\"9\\"\\\\"';
    assert.equal(read('rackready_mirror_state', `${el},state="held"`), 1);
    assert.equal(read('rackready_mirror_state', `${el},state="serving"`), 0);
    assert.equal(read('rackready_mirror_state', 'mirror="new",state="empty"'), 1);
    assert.equal(read('rackready_mirror_last_success_timestamp_seconds', el), NOW / 1000);
    assert.equal(read('rackready_mirror_last_success_timestamp_seconds', 'mirror="new"'), undefined);
    assert.equal(read('rackready_mirror_last_run_success', el), 0);
    assert.equal(read('rackready_mirror_run_bytes', el), 100);
    assert.equal(read('rackready_mirror_run_expected_bytes', el), 400);
    assert.equal(read('rackready_mirror_run_left_seconds', el), 6);
    assert.equal(read('rackready_mirror_running', 'mirror="new"'), 0);
    assert.equal(read('rackready_mirror_pool_bytes'), 4);
    assert.equal(read('rackready_scrub_running'), 0);
    assert.equal(read('rackready_mirror_size_bytes', el), 5000);
    assert.equal(read('rackready_machines', 'state="installed",operation="none",stage="none"'), 1);
    assert.equal(read('rackready_events_total', 'id="tftp.done",level="info"'), 7);
    assert.equal(read('rackready_events_skipped_total'), 2);
    assert.equal(read('process_cpu_seconds_total'), 1.5);
    assert.equal(read('rackready_stories_cpu_seconds_total'), 0.5);
    assert.equal(read('rackready_stories_resident_memory_bytes'), 5e7);
    assert.equal(read('rackready_netboot_requests_total', 'result="ignored: not-armed"'), 1);
  });

  test('without mirrors nothing is said of them', async () => {
    const families = parseStrictly(await scrape([]));
    assert.deepEqual(
      [...families.keys()].filter((name) => name.includes('mirror')),
      [],
    );
  });

  test('docs/metrics.md has every name, and none that is not there', async () => {
    const text = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
    const told = [...text.matchAll(/^\| `([a-z_]+)/gm)].map(([, name]) => name);
    const names = [...parseStrictly(await scrape([{ ...SERVING, nextRunAt: NOW }])).keys()];
    // The small rack of this test has no pools.
    assert.deepEqual(
      told.filter((name) => !/^rackready_(pool_addresses|leases)$/.test(name ?? '')).sort(),
      names.sort(),
    );
  });

  test('wants the token, like all of the API', async () => {
    const { ports } = fakePorts();
    const guard = { token: 'right', hostNames: [], now: () => NOW, onRefused: () => {} };
    const app = createApi(ports, { guard });
    const headers = { host: '127.0.0.1:8067' };
    assert.equal((await app.inject({ url: '/metrics', headers })).statusCode, 401);
    const told = await app.inject({ url: '/metrics', headers: { ...headers, authorization: 'Bearer right' } });
    assert.equal(told.statusCode, 200);
  });
});

describe('formatMetrics()', () => {
  test('gives values that are no numbers, and escapes', () => {
    const samples = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e21, 0.5].map((value, index) => ({
      labels: { n: `${index}\n"\\` },
      value,
    }));
    const text = formatMetrics([{ name: 'x', help: 'A\\b\nc.', type: 'gauge', samples }]);
    assert.deepEqual(
      [...(parseStrictly(text).get('x')?.samples.values() ?? [])],
      samples.map(({ value }) => value),
    );
    assert.equal(formatMetrics([{ name: 'x', help: 'A.', type: 'gauge', samples: [] }]), '');
  });
});
