import type { Account } from '../account.ts';
import { BOOT_FILES } from '../reasons.ts';
import type { Conditional, Model } from './model.ts';
import { keywordOf, type Statement } from './statements.ts';
import { readerOf, textOf } from './word-reader.ts';

/** Which clients a condition picks out, where rackready tells them apart by itself. */
type ClientKind = 'pxe' | 'http' | 'ipxe' | 'apple';

const reasons: Readonly<Record<ClientKind, string>> = {
  pxe: BOOT_FILES,
  http: BOOT_FILES,
  ipxe: BOOT_FILES,
  apple:
    'Apple NetBoot (BSDP): rackready makes these answers itself. Which of the machines are Macs is not said here: give those kind: mac.',
};

/** Classes and conditions: those that only lead to boot files need no counterpart, all others are quoted as they are. */
export function translateBoot(model: Model, account: Account): void {
  for (const { statement } of model.classes) translateClass(statement, model, account);
  for (const conditional of model.conditionals) translateConditional(conditional, model, account);
}

function translateClass(statement: Statement, model: Model, account: Account): void {
  const block = statement.block ?? [];
  const match = block.find((one) => keywordOf(one) === 'match');
  const kind = match && recognise(match, model);
  if (kind === undefined) {
    const reason =
      'rackready does not tell clients apart by classes of your own: what these say is not sent to anybody.';
    account.tell({ level: 'todo', reason }, statement);
    return;
  }
  const rest = foreignStatements(block, model);
  tellRecognised(statement, kind, account);
  for (const one of rest) account.tell({ level: 'todo', reason: ALSO_SAYS }, one);
}

const ALSO_SAYS = 'Beside boot files, the clients of this class or condition were told this, which is not sent:';

function translateConditional({ statements, scope }: Conditional, model: Model, account: Account): void {
  if (scope.statement && account.toldBy(scope.statement) === 'remark') return;
  const kinds = statements.flatMap((one) => recognise(one, model) ?? []);
  const [kind] = kinds;
  const bodies = statements.flatMap(({ block }) => block ?? []);
  const foreign = foreignStatements(bodies, model);
  if (kind === undefined || (foreign.length > 0 && foreign.length === bodies.length)) {
    const reason = 'rackready does not tell clients apart by this condition: what it leads to is not sent to anybody.';
    account.tell({ level: 'todo', reason }, ...statements);
    return;
  }
  for (const statement of statements) tellRecognised(statement, kind, account);
  for (const one of foreign) account.tell({ level: 'todo', reason: ALSO_SAYS }, one);
}

function tellRecognised(statement: Statement, kind: ClientKind, account: Account): void {
  account.tell({ level: 'todo', reason: reasons[kind] }, statement);
}

/** Client architectures and firmware classes by the options and texts that the words name. */
function recognise({ words }: Statement, model: Model): ClientKind | undefined {
  const texts = words.flatMap(({ kind, bytes }) => (kind === 'string' && bytes ? [textOf(bytes) ?? ''] : []));
  if (texts.some((text) => text.startsWith('AAPLBSDPC') || text.startsWith('AAPL'))) return 'apple';
  if (texts.some((text) => /^[gi]PXE$/.test(text))) return 'ipxe';
  if (texts.some((text) => text.startsWith('PXEClient'))) return 'pxe';
  if (texts.some((text) => text.startsWith('HTTPClient'))) return 'http';
  const codes = optionsIn(words, model);
  if (codes.some(({ space }) => space === 'ipxe' || space === 'gpxe')) return 'ipxe';
  if (codes.some(({ code }) => code === 175)) return 'ipxe';
  return codes.some(({ code }) => code === 93) ? 'pxe' : undefined;
}

interface LookedAt {
  readonly code?: number;
  readonly space?: string;
}

/** The options that an expression looks at: `option NAME`, `exists NAME`. */
function optionsIn(words: Statement['words'], { options }: Model): readonly LookedAt[] {
  return words.flatMap(({ kind, text }, index): LookedAt[] => {
    if (kind !== 'word' || !['option', 'exists', 'known-option'].includes(text.toLowerCase())) return [];
    const named = options.takeName(readerOf(words, index + 1));
    if (named?.kind === 'known') return [{ code: named.definition.code }];
    return named?.kind === 'in-space' ? [{ space: named.space }] : [];
  });
}

/** What a boot class may say without losing its meaning here: boot files, and the options that firmware is answered with. */
const bootOptionCodes: ReadonlySet<number> = new Set([
  13, 43, 55, 60, 66, 67, 93, 97, 128, 129, 130, 131, 132, 133, 134, 135, 150, 175, 208, 209, 210, 211,
]);

function foreignStatements(block: readonly Statement[], model: Model): readonly Statement[] {
  return block.flatMap((statement) => {
    switch (keywordOf(statement)) {
      case 'if':
      case 'elsif':
      case 'else':
        return foreignStatements(statement.block ?? [], model);
      case 'match':
      case 'log':
      case 'filename':
      case 'next-server':
      case 'server-name':
      case 'vendor-option-space':
        return [];
      case 'option': {
        const named = model.options.takeName(readerOf(statement.words, 1));
        if (named?.kind === 'in-space') return [];
        return named?.kind === 'known' && bootOptionCodes.has(named.definition.code) ? [] : [statement];
      }
      default:
        return [statement];
    }
  });
}
