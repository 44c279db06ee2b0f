import { ProvisionError } from '../../net/provision-error.ts';

const CODES = ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS'];

/** What an operator has to know when it was the disk; undefined: it was something else. */
export function diskFailure(error: unknown): ProvisionError | undefined {
  const { code = '', message = '' } = error as NodeJS.ErrnoException;
  if (!CODES.includes(code)) return undefined;
  return new ProvisionError('disk-full', `The data folder cannot be written: ${message}`, { cause: error });
}
