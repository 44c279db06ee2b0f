import { openBootHttp } from '../src/http/boot/open-boot-http.ts';

/** rackready's boot listener with one mirror, for bench/mirror-serve.ts: node bench/mirror-server.ts PORT FOLDER. Runs until killed. */
const [port = '', folder = ''] = process.argv.slice(2);
await openBootHttp({
  listen: [
    {
      network: 'bench',
      localAddress: '127.0.0.1',
      openSocket: () => ({ kind: 'address', address: '127.0.0.1', port: Number(port) }),
    },
  ],
  ask: async ({ path }) => ({
    kind: 'tree',
    mirror: 'm',
    repo: `${folder}/repos/m`,
    pool: `${folder}/pool`,
    snapshot: undefined,
    isFixed: false,
    path: path.slice(1),
    name: path.slice(1),
    client: '127.0.0.1',
  }),
  emit: (id, _subject, data) => {
    if (process.env.VERBOSE) console.error(id, JSON.stringify(data));
  },
});
