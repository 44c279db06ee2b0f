import type { SignatureCheck } from '../../mirror/plan.ts';
import { readRpmHead } from '../../mirror/rpm/header.ts';
import { readRpmProof } from '../../mirror/rpm/signature.ts';
import { digestOf } from './digest-of.ts';
import type { GpgvChecker } from './gpgv.ts';
import { hashFile, readStart, unfit, withFile } from './package-folder.ts';

/**
 * Who signed a package, contents and all: its header is signed, and has the payload's checksum since rpm 4.14; of older packages it
 * is the signature over both that counts. Rejects with `upstream-failed` when it is no whole RPM.
 */
export async function checkRpmSignature(path: string, checker: GpgvChecker): Promise<SignatureCheck> {
  return withFile(path, async (file) => {
    let head = await readStart(file, 16_384);
    let read = readRpmHead(path, head);
    while (read.kind === 'more') {
      head = await readStart(file, read.bytes);
      if (head.length < read.bytes) throw unfit(path, 'it ends within its header');
      read = readRpmHead(path, head);
    }
    const { start, end } = read;
    const header = head.subarray(start, end);
    const { ofHeader, ofAll, sha256, payload } = readRpmProof(read);
    if (sha256 !== undefined && sha256 !== digestOf('sha256', header).hex) {
      return { kind: 'bad', reason: 'its header is not the one that it was made with' };
    }
    // That there is no signature over both says nothing of who left it out: without a checksum, the header's own is not enough.
    if (payload === undefined) {
      return firstThatCounts(ofAll, 'contents', (signature) => checker.verifyFile(path, start, signature));
    }
    if (payload.hex !== (await hashFile(path, [payload.algorithm], end))[payload.algorithm]) {
      return { kind: 'bad', reason: 'its contents are not the ones that it was made with' };
    }
    return firstThatCounts(ofHeader, 'header', (signature) => checker.verify(header, signature));
  });
}

async function firstThatCounts(
  signatures: readonly Uint8Array[],
  what: string,
  verify: (signature: Uint8Array) => Promise<SignatureCheck>,
): Promise<SignatureCheck> {
  let last: SignatureCheck = { kind: 'unsigned', reason: `the package has no signature of its ${what}` };
  for (const signature of signatures) {
    last = await verify(signature);
    if (last.kind === 'good' || last.kind === 'bad') return last;
    if (last.kind === 'expired' && (last.inTime ?? []).length > 0) return last;
  }
  return last;
}
