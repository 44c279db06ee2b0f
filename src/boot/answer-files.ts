import type { Machine } from '../machine/machine.ts';
import type { Profile } from './profile.ts';

/** The name under which an installer fetches its answers: the file that carries the secrets, once. */
export function answerFileName(family: Profile['family']): string {
  const names = { debian: 'preseed.cfg', anaconda: 'ks.cfg', ubuntu: 'user-data', custom: 'answer' } as const;
  return names[family];
}

/** Whether its installer asks before it begins, as far as is known: one of the operator's own may have its answers in itself. */
export function asksForAnswers({ family, arguments: text }: Profile): boolean {
  return family !== 'custom' || /\{\{\s*urls\.answer\s*\}\}|ks\.cfg/.test(text);
}

/** A file that an installer asks for beside its answer file, as often as it likes: nothing in it is secret. */
export type CompanionFile =
  | { readonly kind: 'text'; readonly text: string }
  /** The installer does without it, as a matter of course. */
  | { readonly kind: 'absent' };

/**
 * cloud-init's NoCloud seed is a folder: `meta-data` must be there, `vendor-data` may be empty, and `network-config` is
 * better absent, because the network section of autoinstall says more. undefined: no such companion.
 */
export function companionFile(profile: Profile, machine: Machine, file: string): CompanionFile | undefined {
  if (profile.family !== 'ubuntu') return undefined;
  switch (file) {
    case 'meta-data': {
      const id = `${machine.name}-installer`;
      return { kind: 'text', text: `instance-id: ${JSON.stringify(id)}\nlocal-hostname: ${machine.hostName}\n` };
    }
    case 'vendor-data':
      return { kind: 'text', text: '' };
    case 'network-config':
      return { kind: 'absent' };
    default:
      return undefined;
  }
}
