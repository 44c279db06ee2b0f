import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { runProgram } from './segment.ts';
import { newFolder, type ServerSetup, startServer, type TestServer } from './server.ts';

/*
 * What tests of NetBoot on a real segment have in common: two Macs, a server that may install one of them, and the server's
 * images of GRUB, which are made once for a test file.
 */

export const SERVER = '172.22.10.2';
export const MM1 = { name: 'mm1', mac: 'a8:20:66:34:ff:e9', address: '172.22.10.51' };
export const MM2 = { name: 'mm2', mac: 'a8:20:66:4a:ce:46', address: '172.22.10.52' };
export const US = '0304 ac160a02';
export const GRUB = ['/usr/lib/grub/x86_64-efi', '/usr/lib/grub/i386-efi'];

export interface Parts {
  readonly mode?: string;
  readonly install?: 'manual' | 'once';
  readonly more?: string;
  readonly address?: string;
  readonly interface?: string;
}

export function configuration({ mode = 'authoritative', install = 'once', more = '', ...place }: Parts = {}): string {
  const pools =
    mode === 'authoritative' ? '\n      conflictProbe: false\n      pools: [{ range: 172.22.10.5-172.22.10.30 }]' : '';
  const folder = newFolder('boot');
  writeFileSync(join(folder, 'linux'), 'a kernel');
  writeFileSync(join(folder, 'initrd'), 'a ramdisk');
  return `
networks:
  management:
    interface: ${place.interface ?? 'br0'}
    subnet: 172.22.10.0/24
    address: ${place.address ?? SERVER}
    router: 172.22.10.1
    dhcp:
      mode: ${mode}${pools}
profiles:
  debian: { os: debian-12, kernel: ${folder}/linux, initrd: ${folder}/initrd, install: ${install} }
machines:
  mm1: { mac: "${MM1.mac}", address: ${MM1.address}, kind: mac, profile: debian }
  mm2: { mac: "${MM2.mac}", address: ${MM2.address}, kind: mac }
${more}`;
}

let images: string | undefined;

/** Starts a server on a data folder of its own, with the images that the first one of this file has made. */
export async function startNetboot(t: TestContext, setup: ServerSetup): Promise<TestServer> {
  const data = setup.data ?? newFolder('data');
  if (images !== undefined && setup.data === undefined) {
    cpSync(images, join(data, 'loaders'), { recursive: true });
    // By this file the server knows that the folder is its own.
    writeFileSync(join(data, 'rackready.lock'), '');
  }
  const server = await startServer(t, { ...setup, data });
  images ??= join(data, 'loaders');
  return server;
}

/** What a command prints as JSON. */
export async function cli<Answer>(server: TestServer, ...args: string[]): Promise<Answer> {
  const program = join(import.meta.dirname, '..', '..', 'rackready');
  const { code, text } = await runProgram([program, ...args, '--json', '--data', server.data]);
  assert.equal(code, 0, text);
  return JSON.parse(text) as Answer;
}
