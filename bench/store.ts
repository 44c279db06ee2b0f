import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHistogram } from 'node:perf_hooks';
import { openStore } from '../src/store/sqlite/open-store.ts';
import type { Store } from '../src/store/store.ts';
import { eventAt, leaseAt, put } from '../test/contract/store-samples.ts';

/*
 * Lease commits per second, as they arise from N writers that each wait for their ACK before the next lease.
 * tools/run.sh bench/store.ts [FOLDER-ON-THE-DISK-TO-MEASURE]
 */

const LEASES = 50_000;
const SECONDS = 3;

async function measure(store: Store, writers: number, withEvents: boolean): Promise<void> {
  let commits = 0;
  let seq = store.events.lastSeq();
  const waits = createHistogram();
  const end = performance.now() + SECONDS * 1000;
  const cpu = process.threadCpuUsage();
  const loop = performance.eventLoopUtilization();
  const startedAt = performance.now();
  const write = async (writer: number) => {
    for (let n = writer; performance.now() < end; n = (n + writers) % LEASES) {
      const before = performance.now();
      await store.leases.commit([put(leaseAt(n))]);
      waits.record(Math.max(1, Math.round((performance.now() - before) * 1000)));
      commits++;
      if (withEvents) store.events.append([eventAt(++seq)]);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  const seconds = (performance.now() - startedAt) / 1000;
  const used = process.threadCpuUsage(cpu);
  const busy = performance.eventLoopUtilization(loop).utilization;
  const at = (percent: number) => (waits.percentile(percent) / 1000).toFixed(2);
  const cells = [
    String(writers).padStart(4),
    `${Math.round(commits / seconds)}`.padStart(8),
    ((used.user + used.system) / commits).toFixed(1).padStart(8),
    `${Math.round(busy * 100)} %`.padStart(6),
    at(50).padStart(8),
    at(99).padStart(8),
    at(99.99).padStart(8),
  ];
  console.log(`${cells.join('  ')}${withEvents ? '  with one event per lease' : ''}`);
}

const parent = process.argv[2] ?? tmpdir();
const folder = await mkdtemp(join(parent, 'rackready-bench-'));
const store = await openStore({ folder });
try {
  for (let at = 0; at < LEASES; at += 500) {
    await store.leases.commit(Array.from({ length: 500 }, (_, n) => put(leaseAt(at + n))));
  }
  console.log(`${LEASES} leases in ${folder}, one lease per commit(), ${SECONDS} s each`);
  console.log('writers  commits/s  main-thread µs per lease  main busy  wait ms: median  99 %  99.99 %');
  for (const writers of [1, 8, 64, 256, 512]) await measure(store, writers, false);
  await measure(store, 512, true);
  globalThis.gc?.();
  const rss = Math.round(process.memoryUsage.rss() / 1e6);
  console.log(`resident ${rss} MB, main heap ${Math.round(process.memoryUsage().heapUsed / 1e6)} MB`);
  const before = performance.now();
  const loaded = await store.leases.load();
  console.log(`load() of ${loaded.length} leases: ${Math.round(performance.now() - before)} ms`);
} finally {
  await store.close();
  await rm(folder, { recursive: true });
}
