import type { Rule } from './rule.ts';
import type { Symptom } from './symptoms.ts';

const NOTE = '<!-- Written by tools/run.sh tools/write-symptoms.ts from src/story/diagnose. Do not edit. -->';

/** What the rules cannot see, and why. */
const UNSEEN = `## What is not seen

* **Whether a machine is switched on.** Wake-on-LAN has no answer, and there is no other power control yet. So \`nothing-heard\` knows
  only of a grant or a wake that nothing followed, and \`booted-from-disk\` only of a system that asked for an address where firmware should have: a BMC
  that accepted an order and forgot it looks the same as a person who chose the disk. A story begins when a machine's firmware is
  heard, or with a grant or a wake: a machine that was never heard, granted or woken has none.
* **Traffic that does not reach this host.** Another server's answers are heard when they are broadcast on a served interface, or pass
  it by; those sent by unicast on another switch port are not. A machine that loads from elsewhere is known by what it does not ask us.
* **The inside of TLS and of other web servers.** A package source that is not served by rackready fails unseen; only the
  installer's report tells of it.
* **The screen.** Rules say what the traffic fits. \`confidence\` says how well; a cause below 0.6 is a guess to begin with.
`;

/** The pages of docs/symptoms, by file name. */
export function renderSymptomPages(symptoms: readonly Symptom[], rules: readonly Rule[]): ReadonlyMap<string, string> {
  const helps = new Map(rules.map(({ id, help }) => [id, help]));
  const pages = symptoms.map((symptom) => [`${symptom.page}.md`, renderPage(symptom, helps)] as const);
  return new Map([['README.md', renderIndex(symptoms)] as const, ...pages]);
}

function renderPage({ title, screens, seen, rules }: Symptom, helps: ReadonlyMap<string, string>): string {
  const sections = rules.map((id) => `## ${id}\n\n${helps.get(id)}\n`);
  return [
    NOTE,
    `# ${title}\n`,
    `On the screen: ${screens.join('; ')}.\n`,
    `${seen}\n`,
    ...sections,
    `[All symptoms](README.md)\n`,
  ].join('\n');
}

function renderIndex(symptoms: readonly Symptom[]): string {
  const screens = symptoms.flatMap(({ page, screens }) => screens.map((screen) => `| ${screen} | ${link(page)} |`));
  const rules = symptoms.flatMap(({ page, rules }) => rules.map((id) => `| \`${id}\` | ${link(page, id)} |`));
  return [
    NOTE,
    '# Symptoms\n',
    'What stands on the screen, and the page that says what may be behind it. The story of a boot names the likely causes itself, with',
    'the values that were seen, each by the id of its rule; the second table leads from the id to its section.\n',
    '| on the screen | page |',
    '| --- | --- |',
    ...screens,
    '',
    UNSEEN,
    '## Rules\n',
    '| rule | section |',
    '| --- | --- |',
    ...rules.sort(),
    '',
  ].join('\n');
}

function link(page: string, section?: string): string {
  return `[${page}](${page}.md${section === undefined ? '' : `#${section}`})`;
}
