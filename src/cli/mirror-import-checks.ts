import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { openGpgvChecker } from '../io/mirror/gpgv.ts';
import { findImplantedSum, findSignature, readChecksums, sumInList } from '../io/mirror/iso-checksums.ts';
import { signedText } from '../mirror/apt/clear-sign.ts';
import { ApiFailure } from './client.ts';

export interface IsoCheckOptions {
  readonly sha256?: string;
  /** A list of checksums that the distribution publishes. */
  readonly checksums?: string;
  /** Public keys that the list must be signed with. */
  readonly checksumsKey?: string;
}

/**
 * Compares an ISO with what the distribution says of it, and with the MD5 that was implanted into it. Resolves with what it was
 * compared with, in words; nothing: there is nothing to compare it with as a whole. Throws ApiFailure or ProvisionError.
 */
export async function checkIso(iso: string, options: IsoCheckOptions, signal: AbortSignal): Promise<readonly string[]> {
  if (options.checksumsKey !== undefined && options.checksums === undefined)
    throw failed('--checksums-key is of no use without --checksums FILE', 'Name the signed list of checksums, too.');
  const listed = options.checksums === undefined ? undefined : await readList(iso, options.checksums, options);
  const hasImplanted = (await findImplantedSum(iso)) !== undefined;
  if (options.sha256 === undefined && listed === undefined && !hasImplanted) return [];
  const found = await readChecksums(iso, signal);
  const fetchAgain =
    'Nothing was changed. Fetch the ISO once more, and compare the checksum with the one that is published.';
  for (const wanted of [options.sha256, listed?.sum]) {
    const own = wanted?.length === 128 ? found.sha512 : found.sha256;
    if (wanted !== undefined && wanted.toLowerCase() !== own)
      throw failed(`${iso} has the ${wanted.length === 128 ? 'sha512' : 'sha256'} ${own}, not ${wanted}`, fetchAgain);
  }
  if (found.implanted === 'wrong')
    throw failed(
      `${iso} does not have the md5 that was implanted into it: it was changed, or is not whole`,
      fetchAgain,
    );
  return [
    ...(options.sha256 === undefined ? [] : ['the given sha256']),
    ...(listed === undefined ? [] : [listed.what]),
    ...(found.implanted === 'right' ? ['the md5 that was implanted into it'] : []),
  ];
}

async function readList(iso: string, list: string, { checksumsKey }: IsoCheckOptions) {
  const bytes = await readFile(list).catch((cause: Error) => {
    throw failed(
      `${list} cannot be read: ${cause.message}`,
      'Name the list of checksums that the distribution publishes.',
    );
  });
  if (checksumsKey === undefined) {
    const sum = sumInList(list, bytes.toString('utf8'), basename(iso));
    return { sum, what: `${list}, whose signature nobody has looked at` };
  }
  const detached = await findSignature(list);
  const checker = await openGpgvChecker([{ file: checksumsKey, fingerprints: [] }]);
  try {
    const checked = await checker.verify(bytes, detached);
    if (checked.kind !== 'good') {
      const hint = `Nothing was changed. Compare ${checksumsKey} with the keys that the distribution publishes.`;
      throw failed(`${list} is not signed as it should be: ${checked.reason}`, hint);
    }
    const text = detached === undefined ? signedText(list, bytes) : bytes.toString('utf8');
    return { sum: sumInList(list, text, basename(iso)), what: `${list}, signed by ${checked.fingerprints.join(', ')}` };
  } finally {
    checker.close();
  }
}

function failed(message: string, hint: string): ApiFailure {
  return new ApiFailure({ code: 'import-failed', message, hint });
}
