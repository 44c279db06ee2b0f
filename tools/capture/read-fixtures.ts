import { type Capture, readCaptures } from '../../test/support/capture.ts';
import type { Told } from './render-index.ts';

/** The failures among the first captures, which were made before there was a file for failures. */
const FIRST: Readonly<Record<string, Pick<Told, 'case' | 'expect'>>> = {
  'efi-http': { case: 20, expect: ['grub-without-http'] },
  't1-opt67': { case: 18, expect: ['shim-lost-folder'] },
  't4-nofile': { case: 6, expect: ['no-boot-file'] },
};

/** All fixtures with a failure, and the boots beside them that go well. */
export function readFixtures(): readonly Told[] {
  const first = readCaptures<Capture>('netboot-captures.json').flatMap(({ name, what }) => {
    const told = FIRST[name];
    return told === undefined ? [] : [{ name, what, from: `captured: ${what}`, ...told }];
  });
  return [...first, ...readCaptures<Capture & Told>('trouble-captures.json')];
}
