/** What answered on the machine's SSH port, as far as it matters here. */
export type Answer =
  | { readonly kind: 'closed'; readonly reason: string }
  | { readonly kind: 'open'; readonly hostKeys: readonly string[] | undefined };

export type Judgement =
  | { readonly kind: 'made'; readonly how: string; readonly isVerified: boolean }
  /** `isSilent`: nothing answered, so that whatever ran there has ended. */
  | { readonly kind: 'missed'; readonly seen: string; readonly isSilent: boolean };

/** What is known of the system that is waited for. */
export interface Expected {
  /** Host keys that the installer reported; may be none. */
  readonly hostKeys: readonly string[];
  /** How it is known that the installer has ended; undefined: it may still run. */
  readonly ended?: string | undefined;
}

/**
 * Whether that was the system that the installer left. The host key tells it from another machine at the same address and
 * from an installer that has an SSH of its own. Where there is no key to compare with, the installer must at least be known
 * to have ended, and the system counts as installed but not as verified.
 */
export function judgeContact({ hostKeys, ended }: Expected, address: string, answer: Answer): Judgement {
  if (answer.kind === 'closed') {
    return { kind: 'missed', seen: `nothing answers by SSH at ${address} (${answer.reason})`, isSilent: true };
  }
  if (hostKeys.length === 0) return judgeUnchecked('the installer reported none', ended, address);
  if (answer.hostKeys === undefined) {
    return judgeUnchecked('ssh-keyscan is not installed here (package openssh-client)', ended, address);
  }
  if (answer.hostKeys.some((key) => hostKeys.includes(key))) {
    const how = `SSH answers at ${address} with the host key that the installer reported`;
    return { kind: 'made', how, isVerified: true };
  }
  const seen = `what answers by SSH at ${address} has another host key than the installer reported`;
  return { kind: 'missed', seen, isSilent: false };
}

function judgeUnchecked(why: string, ended: string | undefined, address: string): Judgement {
  if (ended !== undefined) {
    const how = `SSH answers at ${address}, and ${ended}; host key not checked: ${why}`;
    return { kind: 'made', how, isVerified: false };
  }
  const seen = `SSH has answered at ${address} without a break since the report, so that it may be the installer’s own; host key not checked: ${why}`;
  return { kind: 'missed', seen, isSilent: false };
}
