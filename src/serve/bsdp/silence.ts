/** Why a NetBoot request is not answered, in a word for counters. */
export type SilenceCode =
  | 'bad-class'
  | 'foreign-header'
  | 'other-message'
  | 'bad-options'
  | 'no-version'
  | 'other-version'
  | 'netboot-1'
  | 'bad-port'
  | 'no-address'
  | 'no-server'
  | 'other-server'
  | 'not-armed'
  | 'cannot-boot'
  | 'filtered'
  | 'unknown-machine';

export interface Silence {
  readonly kind: 'silence';
  readonly code: SilenceCode;
  /** In words. */
  readonly reason: string;
}

export function silence(code: SilenceCode, reason: string): Silence {
  return { kind: 'silence', code, reason };
}
