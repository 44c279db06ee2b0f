/** What answered on the machine's SSH port, as far as it matters here. */
export type Answer =
  | { readonly kind: 'closed'; readonly reason: string }
  | { readonly kind: 'open'; readonly hostKeys: readonly string[] | undefined };

export type Judgement =
  | { readonly kind: 'made'; readonly how: string }
  | { readonly kind: 'missed'; readonly seen: string };

/**
 * Whether that was the system that the installer left: the host key tells it from another machine at the same address and
 * from an installer that runs again.
 */
export function judgeContact(expected: readonly string[], address: string, answer: Answer): Judgement {
  if (answer.kind === 'closed')
    return { kind: 'missed', seen: `nothing answers by SSH at ${address} (${answer.reason})` };
  const unchecked = (why: string): Judgement => ({
    kind: 'made',
    how: `SSH answers at ${address}; host key not checked: ${why}`,
  });
  if (expected.length === 0) return unchecked('the installer reported none');
  if (answer.hostKeys === undefined) return unchecked('ssh-keyscan is not installed here (package openssh-client)');
  if (answer.hostKeys.some((key) => expected.includes(key))) {
    return { kind: 'made', how: `SSH answers at ${address} with the host key that the installer reported` };
  }
  return { kind: 'missed', seen: `what answers by SSH at ${address} has another host key than the installer reported` };
}
