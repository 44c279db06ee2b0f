import type { SignatureCheck, SignatureChecker } from '../../mirror/plan.ts';
import { readRpmHead } from '../../mirror/rpm/header.ts';
import { readRpmProof } from '../../mirror/rpm/signature.ts';
import { digestOf } from './digest-of.ts';
import { hashFile, readStart, unfit, withFile } from './package-folder.ts';

/**
 * Who signed a package. The signature covers the header, and the header has the payload's checksum (since rpm 4.14; of older
 * packages the payload is not looked at). Rejects with `upstream-failed` when it is no whole RPM.
 */
export async function checkRpmSignature(path: string, checker: SignatureChecker): Promise<SignatureCheck> {
  return withFile(path, async (file) => {
    let head = await readStart(file, 16_384);
    let read = readRpmHead(path, head);
    while (read.kind === 'more') {
      head = await readStart(file, read.bytes);
      if (head.length < read.bytes) throw unfit(path, 'it ends within its header');
      read = readRpmHead(path, head);
    }
    const header = head.subarray(read.start, read.end);
    const { signatures, sha256, payloadSha256 } = readRpmProof(read);
    if (sha256 !== undefined && sha256 !== digestOf('sha256', header).hex) {
      return { kind: 'bad', reason: 'its header is not the one that it was made with' };
    }
    if (payloadSha256 !== undefined && payloadSha256 !== (await hashFile(path, ['sha256'], read.end)).sha256) {
      return { kind: 'bad', reason: 'its contents are not the ones that it was made with' };
    }
    let last: SignatureCheck = { kind: 'unsigned', reason: 'the package has no signature of its header' };
    for (const signature of signatures) {
      last = await checker.verify(header, signature);
      if (last.kind === 'good' || last.kind === 'bad') return last;
    }
    return last;
  });
}
