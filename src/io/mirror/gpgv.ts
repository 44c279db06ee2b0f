import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { dearmored, readCertificates } from '../../mirror/openpgp.ts';
import type { SignatureCheck, SignatureChecker } from '../../mirror/plan.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { readGpgvStatus } from './gpgv-status.ts';

/** A file of public keys, armoured or not, and which of them a mirror trusts. */
export interface TrustedKeys {
  readonly file: string;
  /** Full ones, in any notation. Empty: every key of the file. */
  readonly fingerprints: readonly string[];
  /** One of them is enough, in each file. */
  readonly isAnyEnough?: boolean | undefined;
}

export interface GpgvChecker extends SignatureChecker {
  /** Of the keys that are trusted. */
  readonly fingerprints: readonly string[];
  /** As `verify`, of what is in a file from a byte on, however large it is. */
  verifyFile(file: string, start: number, detached: Uint8Array): Promise<SignatureCheck>;
  /** Removes the keyring that gpgv reads. */
  close(): void;
}

const TIMEOUT_MS = 60_000;

/**
 * Opens a checker that trusts these keys and no others: never those of the host's apt or rpm. Rejects with ProvisionError when a
 * file cannot be read as keys, or does not have a key that is wanted.
 */
export async function openGpgvChecker(trusted: readonly TrustedKeys[]): Promise<GpgvChecker> {
  const chosen = new Map<string, Uint8Array>();
  const idle: TrustedKeys[] = [];
  for (const one of trusted) {
    const { file, fingerprints } = one;
    const wanted = new Set(fingerprints.map((text) => plainFingerprint(file, text)));
    const counting = (await readKeys(file)).filter(({ fingerprint }) => wanted.size === 0 || wanted.has(fingerprint));
    if (counting.length === 0) idle.push(one);
    for (const { fingerprint, bytes } of counting) chosen.set(fingerprint, bytes);
  }
  refuseMissing(trusted, chosen);
  refuseIdle(idle);
  const folder = mkdtempSync(join(tmpdir(), 'rackready-keys-'));
  const keyring = join(folder, 'keyring.gpg');
  writeFileSync(keyring, Buffer.concat([...chosen.values()]), { mode: 0o600 });
  let count = 0;
  const check = async (content: Uint8Array | Readable, detached?: Uint8Array): Promise<SignatureCheck> => {
    const signature = join(folder, `${++count}.sig`);
    if (detached !== undefined) writeFileSync(signature, detached, { mode: 0o600 });
    try {
      const args = ['--homedir', folder, '--status-fd', '3', '--keyring', keyring];
      const status = await runGpgv([...args, ...(detached === undefined ? [] : [signature, '-'])], content);
      return onlyTrusted(readGpgvStatus(status), chosen);
    } finally {
      rmSync(signature, { force: true });
    }
  };
  const nobody: SignatureCheck = { kind: 'unknown-key', reason: 'this mirror trusts no key' };
  return {
    fingerprints: [...chosen.keys()],
    close: () => rmSync(folder, { recursive: true, force: true }),
    verify: async (content, detached) => (chosen.size === 0 ? nobody : check(content, detached)),
    verifyFile: async (file, start, detached) =>
      chosen.size === 0 ? nobody : check(createReadStream(file, { start, highWaterMark: 1 << 20 }), detached),
  };
}

/** Fingerprints are named for all files together; one of them has to have the key. */
function refuseMissing(trusted: readonly TrustedKeys[], chosen: ReadonlyMap<string, unknown>): void {
  for (const { file, fingerprints, isAnyEnough } of trusted) {
    if (isAnyEnough) continue;
    const missing = fingerprints.map((text) => plainFingerprint(file, text)).find((one) => !chosen.has(one));
    if (missing === undefined) continue;
    throw new ProvisionError('signature-refused', `${file} does not have the key ${missing}`, {
      hint: 'Give the file that has it, or the fingerprint of a key that it has: gpg --show-keys FILE',
    });
  }
}

/** A file that brings nothing is a mistake in one of the two lists. */
function refuseIdle([idle]: readonly TrustedKeys[]): void {
  if (idle === undefined) return;
  const { file, fingerprints, isAnyEnough } = idle;
  const wanted = isAnyEnough ? `: ${fingerprints.join(', ')}` : '';
  throw new ProvisionError('signature-refused', `${file} has none of the keys that count${wanted}`, {
    hint: isAnyEnough
      ? 'Give the file that the distribution publishes; or, where somebody else signs on purpose, the fingerprint in `fingerprints`: gpg --show-keys FILE'
      : 'Take the file out of `keys`, or put the fingerprint of its key into `fingerprints`: gpg --show-keys FILE',
  });
}

export interface PublicKey {
  /** 40 or 64 digits, upper case. */
  readonly fingerprint: string;
  /** The certificate, not armoured. */
  readonly bytes: Uint8Array;
}

/** The keys of a file, armoured or not. */
export async function readKeys(file: string): Promise<readonly PublicKey[]> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new ProvisionError('signature-refused', `Cannot read the keys ${file}`, {
      cause,
      hint: 'Name a file with the public keys of the upstream, that rackready may read.',
    });
  });
  return readCertificates(file, dearmored(file, bytes)).map(({ fingerprinted, bytes: certificate }) => ({
    fingerprint: createHash(fingerprinted.algorithm).update(fingerprinted.bytes).digest('hex').toUpperCase(),
    bytes: certificate,
  }));
}

function plainFingerprint(file: string, text: string): string {
  const plain = text.replace(/[\s:]|^0x/g, '').toUpperCase();
  if (/^(?:[0-9A-F]{40}|[0-9A-F]{64})$/.test(plain)) return plain;
  throw new ProvisionError('signature-refused', `"${text}" (for ${file}) is no full fingerprint`, {
    hint: 'A fingerprint has 40 hexadecimal digits; shorter key ids can be forged. gpg --show-keys FILE prints it.',
  });
}

/** gpgv has no other keys; this holds even if it had. */
function onlyTrusted(check: SignatureCheck, chosen: ReadonlyMap<string, unknown>): SignatureCheck {
  if (check.kind === 'expired') return { ...check, inTime: check.inTime?.filter((one) => chosen.has(one)) };
  if (check.kind !== 'good') return check;
  const fingerprints = check.fingerprints.filter((one) => chosen.has(one));
  if (fingerprints.length > 0) return { kind: 'good', fingerprints };
  return { kind: 'unknown-key', reason: `the key ${check.fingerprints.join(', ')}` };
}

/** Runs gpgv with the signed bytes as its standard input; resolves with what it wrote to file descriptor 3. */
function runGpgv(args: readonly string[], input: Uint8Array | Readable): Promise<string> {
  const child = spawn('gpgv', args, {
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' },
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const [stdin, , , statusPipe] = child.stdio;
  let status = '';
  statusPipe?.on('data', (piece: Buffer) => {
    status += piece.toString('latin1');
  });
  // It may have seen enough and be gone before it has read everything.
  stdin?.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(
        new ProvisionError('missing-tool', 'Cannot run gpgv, which checks signatures', {
          cause,
          hint: 'Install the package gpgv (Enterprise Linux: gnupg2).',
        }),
      ),
    );
    child.once('close', (_code, signal) => {
      if (signal === null) resolve(status);
      else reject(new ProvisionError('signature-refused', `gpgv was ended by ${signal}`));
    });
    if (stdin === null || stdin === undefined) return;
    if (input instanceof Uint8Array) return void stdin.end(input);
    input.once('error', (error) => {
      child.kill('SIGKILL');
      reject(error);
    });
    child.once('close', () => input.destroy());
    input.pipe(stdin);
  });
}
