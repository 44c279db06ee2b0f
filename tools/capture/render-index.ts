/** What a fixture says of itself. */
export interface Told {
  readonly name: string;
  /** Which of the forty; 0: another failure, or a boot that goes well. */
  readonly case: number;
  readonly what: string;
  readonly from: string;
  readonly expect: readonly string[];
}

const CAPTURED = /^captured: /;

export function isCaptured({ from }: Told): boolean {
  return CAPTURED.test(from);
}

/** Why the real thing cannot be shown on the virtual rack: what stands behind "because". */
export function reasonOf({ from }: Told): string | undefined {
  return /^composed\b.*, because (.{15,})$/.exec(from)?.[1];
}

/** docs/records/failures.md. */
export function renderIndex(fixtures: readonly Told[]): string {
  const sorted = [...fixtures].sort((one, other) => (one.case || 41) - (other.case || 41));
  const captured = sorted.filter(isCaptured);
  const composed = sorted.filter((one) => !isCaptured(one));
  const cases = (list: readonly Told[]) => new Set(list.map((one) => one.case).filter((number) => number > 0));
  const ruleOf = ({ expect }: Told) => expect.map((rule) => `\`${rule}\``).join(', ') || 'nothing';
  const row = (one: Told, words: string) =>
    `| ${one.case || ''} | \`${one.name}\` | ${one.what} | ${ruleOf(one)} | ${words} |`;
  return `<!-- Written by tools/run.sh tools/capture-trouble.ts --index from test/fixtures. Do not edit. -->
# Failures of network boots, and where their traffic comes from

Each rule of \`src/story/diagnose\` is tested with traffic that must lead to it and to nothing else, and with boots that go well and
must lead to nothing. The traffic is in \`test/fixtures/trouble-captures.json\`. Of the forty known failures ${cases(captured).size} are shown by
real firmware, loaders, installers and servers; \`tools/capture-trouble.ts\` makes them again on a virtual rack. The rest is
composed, for the reason that stands with it.

## Captured

| case | fixture | what | diagnosis | how |
| --- | --- | --- | --- | --- |
${captured.map((one) => row(one, one.from.replace(CAPTURED, ''))).join('\n')}

## Composed

| case | fixture | what | diagnosis | why |
| --- | --- | --- | --- | --- |
${composed.map((one) => row(one, reasonOf(one) ?? '')).join('\n')}
`;
}
