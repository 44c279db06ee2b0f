import assert from 'node:assert/strict';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { socketName } from '../../src/http/api/listen-unix.ts';
import type { RackClient } from '../../src/lab/rack.ts';
import type { Story } from '../../src/story/story.ts';
import { runUdhcpc } from './dhcp-clients.ts';
import { runProgram } from './segment.ts';

/** What asks for an address, as udhcpc says it. */
const CLIENTS = {
  bios: ['-V', 'PXEClient:Arch:00000:UNDI:002001', '-x', '93:0000'],
  uefi: ['-V', 'PXEClient:Arch:00007:UNDI:003016', '-x', '93:0007'],
  'd-i': ['-V', 'd-i'],
  system: [],
} as const;

/** A PC that boots from the network as far as its traffic goes, step by step. */
export interface FakePc {
  /** DISCOVER to ACK. */
  dhcp(client: keyof typeof CLIENTS): Promise<void>;
  /** Loads a file; gives its text, or undefined when it is not there. */
  tftp(file: string): Promise<string | undefined>;
  get(path: string): Promise<string>;
}

export function fakePc(client: RackClient, server: string): FakePc {
  const curl = (...args: string[]) => runProgram([...client.prefix, 'curl', '-s', ...args]);
  return {
    dhcp: async (kind) => assert.match((await runUdhcpc(client, ...CLIENTS[kind])).text, /bound ip=/),
    tftp: async (file) => {
      const { code, text } = await curl('--tftp-blksize', '1428', `tftp://${server}/${file}`);
      return code === 0 ? text : undefined;
    },
    get: async (path) => (await curl(`http://${server}${path}`)).text,
  };
}

/** Boots a PC into the installer and has it report success; the configuration must grant that. Gives the grant's token. */
export async function installFakePc(pc: FakePc, mac: string, profile: string): Promise<string> {
  await pc.dhcp('bios');
  await pc.tftp('boot/grub/i386-pc/core.0');
  const config = (await pc.tftp(`boot/grub/grub.cfg-01-${mac.replaceAll(':', '-')}`)) ?? '';
  const [, token = ''] = /answer\/([^/]+)\//.exec(config) ?? [];
  assert.notEqual(token, '', config);
  await pc.tftp(`os/${profile}/linux`);
  await pc.tftp(`os/${profile}/initrd`);
  await pc.dhcp('d-i');
  await pc.get(`/answer/${token}/preseed.cfg`);
  await pc.get(`/report/${token}/started`);
  assert.equal(await pc.get(`/report/${token}/done`), 'noted\n');
  return token;
}

/** What the API of a data folder answers. */
export async function askApi<Answer>(data: string, path: string): Promise<Answer> {
  const args = ['curl', '-s', '--unix-socket', join(data, socketName), `http://rackready/api/v1${path}`];
  return JSON.parse((await runProgram(args)).text) as Answer;
}

/** Reads the stream of stories in the background; `until` waits for one that fits. */
export function followStories(t: TestContext, data: string, query = '') {
  const stories: Story[] = [];
  let wake = () => {};
  const path = `/api/v1/stories/stream${query}`;
  const asked = request({ socketPath: join(data, socketName), path }, (response) => {
    const lines = createInterface({ input: response });
    // The test cuts the connection at its end.
    lines.on('error', () => {});
    lines.on('line', (line) => {
      if (!line.startsWith('data: ')) return;
      stories.push(JSON.parse(line.slice('data: '.length)) as Story);
      wake();
    });
  });
  asked.on('error', () => {});
  asked.end();
  t.after(() => asked.destroy());
  const until = async (fits: (story: Story) => boolean): Promise<Story> => {
    for (;;) {
      const found = stories.find(fits);
      if (found) return found;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { stories, until };
}
