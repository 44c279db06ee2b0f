import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { socketName } from '../../src/http/api/listen-unix.ts';
import { findProgram } from '../../src/lab/programs.ts';
import { needs } from '../needs.ts';
import { run } from '../support/http.ts';
import { openSegment } from '../support/segment.ts';
import { newFolder, startServer, writeConfig } from '../support/server.ts';

/* Numbers of a running server with a mirror, as Prometheus would scrape them, and the pool read again by command. */

test('metrics of a running server and its mirror; mirror scrub by command', async (t) => {
  if (!needs(t, 'ip', 'curl')) return;
  await openSegment(t);
  const source = newFolder('source');
  for (const name of ['a', 'b']) writeFileSync(join(source, name), name.repeat(1000));
  chmodSync(source, 0o755);
  const config = writeConfig(`
networks:
  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false, pools: [{ range: 172.22.10.100-172.22.10.109 }] } }
mirrors:
  own: { from: "file://${source}/", kind: files }
  bad: { from: "file:///nowhere/at/all/", kind: files }
`);
  chmodSync(dirname(config), 0o755);
  const server = await startServer(t, { config });
  const rackready = (...args: string[]) => server.rackready('mirror', ...args);
  const scrape = async () => {
    const ran = await run('curl', ['-sS', '--unix-socket', join(server.data, socketName), 'http://localhost/metrics']);
    return ran.stdout.toString();
  };
  assert.equal((await rackready('sync', 'own')).code, 0);
  assert.equal((await rackready('sync', 'bad')).code, 1);
  assert.match((await rackready('scrub')).text, /nothing was read again yet; the next time: /);
  const begun = await rackready('scrub', '--start');
  assert.equal(begun.code, 0, begun.text);
  await server.event('mirror.scrubbed', { files: 2, bytes: 2000, damaged: 0 }, 120_000);
  // What the mirror process says of itself comes a moment later.
  let text = '';
  for (let tries = 0; tries < 600 && !text.includes('rackready_scrub_last_end_timestamp_seconds '); tries++) {
    text = await scrape();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  for (const line of [
    'rackready_pool_addresses{network="n",pool="172.22.10.100-172.22.10.109"} 10',
    'rackready_leases{network="n",pool="172.22.10.100-172.22.10.109",state="bound"} 0',
    'rackready_mirror_state{mirror="own",state="serving"} 1',
    'rackready_mirror_state{mirror="bad",state="empty"} 1',
    'rackready_mirror_size_bytes{mirror="own"} 2000',
    'rackready_mirror_last_run_success{mirror="own"} 1',
    'rackready_mirror_last_run_success{mirror="bad"} 0',
    'rackready_events_total{id="mirror.failed",level="error"} 1',
    'rackready_scrub_files 2',
    'rackready_scrub_running 0',
  ]) {
    assert.ok(text.includes(`\n${line}\n`), `${line}\n${text}`);
  }
  assert.match((await rackready('scrub')).text, /last: 2 files \(2\.0 kB\), 0 damaged, ended .*; the next time: /);
  assert.match((await rackready('scrub', '--pause')).text, /rests/);
  assert.match((await rackready('scrub', '--resume')).text, /the next scrub begins by its schedule/);

  const url = 'http://127.0.0.1:8067/metrics';
  const status = async (...more: string[]) =>
    (await run('curl', ['-sS', '-o', '/dev/null', '-w', '%{http_code}', ...more, url])).stdout.toString();
  assert.equal(await status(), '401');
  const token = readFileSync(join(server.data, 'admin.token'), 'utf8').trim();
  assert.equal(await status('-H', `Authorization: Bearer ${token}`), '200');
  // Prometheus' own judgement, where it is at hand: it has no package without a server that would be started.
  const promtool = findProgram('promtool');
  if (promtool) execFileSync(promtool, ['check', 'metrics'], { input: text });
});
