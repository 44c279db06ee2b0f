import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSettings } from './parse.ts';

function parse(text: string) {
  return parseSettings([{ name: 'rack.yaml', folder: '/', text }], { productFolder: '/' });
}

function messages(listen: string): string[] {
  const result = parse(`server: { admin: { listen: ${listen} } }\n`);
  const problems = result.kind === 'settings' ? result.warnings : result.problems;
  return problems.filter(({ path }) => path === 'server.admin.listen').map(({ message }) => message);
}

test('server.admin.listen is loopback by default, and can be turned off', () => {
  const listen = (text: string) => {
    const result = parse(text);
    return result.kind === 'settings' ? result.settings.server.adminListen : result.problems;
  };
  assert.deepEqual(listen(''), { address: 0x7f000001, port: 8067 });
  assert.equal(listen('server: { admin: { listen: off } }'), undefined);
  assert.deepEqual(listen('server: { admin: { listen: "10.0.0.1:80" } }'), { address: 0x0a000001, port: 80 });
});

test('beyond loopback is warned of; nonsense is refused', () => {
  assert.deepEqual(messages('"127.0.0.2:9000"'), []);
  assert.match(messages('"0.0.0.0:8067"')[0] ?? '', /^0\.0\.0\.0 is reached from outside, .*plain HTTP/);
  for (const bad of ['8067', '"localhost:8067"', '"127.0.0.1"', '"127.0.0.1:0"', '"127.0.0.1:65536"', 'no']) {
    assert.match(messages(bad)[0] ?? '', /expected address:port like 127\.0\.0\.1:8067, or off/);
  }
});
