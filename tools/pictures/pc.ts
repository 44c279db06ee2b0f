import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rack, RackClient } from '../../src/lab/rack.ts';
import { type FakePc, fakePc } from '../../test/support/fake-pc.ts';
import { runProgram } from '../../test/support/segment.ts';
import { SERVER } from './rack-config.ts';

/** A PC as far as its traffic goes, at a pace that can be seen: udhcpc and curl in a namespace of its own. */
export interface Pc extends Pick<FakePc, 'dhcp'> {
  readonly client: RackClient;
  load(file: string): Promise<string>;
  post(path: string, body?: string): Promise<void>;
  /** Firmware, loader, kernel; gives the token of its grant. */
  boot(): Promise<string>;
  /** The same, but the ramdisk is still on its way when this resolves. */
  bootSlowly(): Promise<void>;
  /** The installer, up to where it has chosen a disk. */
  install(token: string, chosen: string): Promise<void>;
}

const GRUB = ['-A', 'GRUB 2.12'];

export async function addPc(rack: Rack, hardware: string): Promise<Pc> {
  const client = await rack.addClient(`pc-${hardware.replaceAll(':', '')}`, { mac: hardware });
  const { dhcp, tftp, get } = fakePc(client, SERVER);
  const load = async (file: string) => (await tftp(file)) ?? '';
  const curl = (...words: string[]) => [...client.prefix, 'curl', '-s', '-o', '/dev/null', ...words];
  const fetch = async (path: string, rate: string) =>
    void (await runProgram(curl('--limit-rate', rate, ...GRUB, `http://${SERVER}/${path}`)));
  const begin = async () => {
    await dhcp('uefi');
    await sleep(900);
    await load('boot/grub/x86_64-efi/core.efi');
    await sleep(1200);
    const config = await load(`boot/grub/grub.cfg-01-${hardware.replaceAll(':', '-')}`);
    const [, token = ''] = /answer\/([^/]+)\//.exec(config) ?? [];
    const [, folder = ''] = /\$base\/(os\/[^/]+)\/linux/.exec(config) ?? [];
    await fetch(`${folder}/linux`, '9M');
    return { token, folder, answer: config.includes('preseed') ? 'preseed.cfg' : 'ks.cfg' };
  };
  let answer = '';
  const post = async (path: string, body = '') =>
    void (await runProgram(curl('--data-binary', body, `http://${SERVER}${path}`)));
  return {
    client,
    dhcp,
    load,
    post,
    boot: async () => {
      const begun = await begin();
      answer = begun.answer;
      await fetch(`${begun.folder}/initrd`, '22M');
      return begun.token;
    },
    bootSlowly: async () => {
      const { folder } = await begin();
      const [command = '', ...words] = curl('--limit-rate', '700k', ...GRUB, `http://${SERVER}/${folder}/initrd`);
      spawn(command, words, { stdio: 'ignore' });
    },
    install: async (token, chosen) => {
      await sleep(2500);
      await dhcp('d-i');
      await sleep(800);
      await get(`/answer/${token}/${answer}`);
      await get(`/report/${token}/started`);
      await sleep(700);
      if (chosen !== '') await post(`/report/${token}/chosen`, chosen);
    },
  };
}
