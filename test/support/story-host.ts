import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createEventHub } from '../../src/io/event-hub.ts';
import { dropPrivileges } from '../../src/io/privileges.ts';
import { openUdp } from '../../src/io/udp/open-udp.ts';
import { openStories } from '../../src/main/stories.ts';
import { openMemoryStore } from '../../src/store/memory/memory-store.ts';

/**
 * A server that is nothing but sockets and stories, as the account of this name:
 *
 *     node test/support/story-host.ts nobody
 *
 * Prints the id of the stories' process when that has answered, and stays.
 */
const [, , user = 'nobody'] = process.argv;
const listening = createServer().listen(0, '127.0.0.1');
await once(listening, 'listening');
const plain = createSocket('udp4').bind(0, '127.0.0.1');
await once(plain, 'listening');
await openUdp({ interface: 'lo', port: 6969 });
const store = openMemoryStore().events;
const hub = createEventHub(Date.now);
hub.connect(store);
const stories = openStories({ hub, emit: hub.emit, store, tapes: { read: () => [] }, now: Date.now });
const { kind } = await dropPrivileges({ user, keep: ['CAP_NET_RAW'], readable: [], writable: [] });
stories.begin();
await stories.list({ limit: 1 });
process.stdout.write(`${JSON.stringify({ kind, pid: stories.pid() })}\n`);
