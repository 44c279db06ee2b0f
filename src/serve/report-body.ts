import type { Chosen } from '../machine/life.ts';

/*
 * The bodies of an installer's reports. Of a failure: the reason, an empty line, and the end of its log. Of what it has
 * chosen: one line of KEY=VALUE. Of success: the new system's SSH host keys.
 */

/** Characters of the reason. */
const LONGEST_REASON = 300;
/** Characters of an installer's log that are kept in its event. */
const LONGEST_LOG = 32_000;

/** Why an installation failed: what stands before the first empty line. The installer's log may follow. */
export function reasonIn(body: string): string {
  const [first = ''] = body.trimStart().split(/\r?\n\r?\n/, 1);
  return first
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, LONGEST_REASON);
}

/** The end of the log that a report brought, without control characters that a terminal would obey. */
export function logIn(body: string): { text: string; lines: number } | undefined {
  const [, log = ''] = /\r?\n\r?\n([\s\S]*)$/.exec(body.trimStart()) ?? [];
  const whole = log.replace(/[^\P{Cc}\n\t]+/gu, '').trimEnd();
  // It begins with a whole line, where there is more than one.
  const end = whole.slice(-LONGEST_LOG);
  const text = whole.length > LONGEST_LOG ? end.slice(end.indexOf('\n') + 1) : whole;
  return text === '' ? undefined : { text, lines: text.split('\n').length };
}

/** SSH host keys that a report of success brought, one a line as in ssh_host_*_key.pub, without their comments. */
export function hostKeysIn(body: string): string[] {
  const keys = [...body.matchAll(/^(ssh-[a-z0-9]+|ecdsa-sha2-[a-z0-9-]+) ([A-Za-z0-9+/]{40,1000}={0,2})(?:\s|$)/gm)];
  return [...new Set(keys.map(([, type, key]) => `${type} ${key}`))].slice(0, 8);
}

/**
 * What an installer has chosen: "disk=/dev/sda id=/dev/disk/by-id/ata-… bytes=6442450944 nic=ens3". What is empty or does not
 * look like what it should is left out; undefined without a disk.
 */
export function choiceIn(body: string): Chosen | undefined {
  const given = new Map(
    body
      .trim()
      .split(/\s+/)
      .map((word) => cut(word)),
  );
  const take = (key: string, form: RegExp) => form.exec(given.get(key) ?? '')?.[0];
  const disk = take('disk', /^\/dev\/(?!.*\.\.)[\w/.:+-]{1,100}$/);
  if (disk === undefined) return undefined;
  const diskId = take('id', /^\/dev\/disk\/by-[a-z]+\/[\w.:+#@-]{1,200}$/);
  const bytes = Number(take('bytes', /^[0-9]{1,18}$/) ?? 0);
  const nic = take('nic', /^[\w.-]{1,15}$/);
  return {
    disk,
    ...(diskId !== undefined && { diskId }),
    ...(bytes > 0 && { diskBytes: bytes }),
    ...(nic !== undefined && { nic }),
  };
}

function cut(word: string): [string, string] {
  const at = word.indexOf('=');
  return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
}
