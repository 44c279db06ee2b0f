import type { RefObject } from 'preact';
import type { TemplateCheck, TemplateProblemView } from '../../../src/http/api/config-ports.ts';
import { counted } from '../wording.ts';
import { goTo } from './text-field.tsx';

interface CheckProps {
  readonly check: TemplateCheck | undefined;
  readonly field: RefObject<HTMLTextAreaElement | null>;
}

interface Fault extends TemplateProblemView {
  readonly machines: readonly string[];
}

/** Which machines the text would break, and where. */
export function CheckPart({ check, field }: CheckProps) {
  if (check === undefined) return <p role="status">Checking …</p>;
  const broken = new Set(check.problems.map(({ machine }) => machine)).size;
  const rendered = counted(check.machines.length, 'machine');
  const right =
    check.machines.length === 0
      ? 'No machine uses it, so nothing was rendered.'
      : `Rendered for ${rendered}: no problems.`;
  return (
    <div class="check">
      <p role="status" class={broken > 0 || check.errors.length > 0 ? 'bad-text' : 'good-text'}>
        {broken > 0 && `It would break ${broken} of ${rendered}.`}
        {check.errors.length > 0 && 'The configuration itself has errors, so nothing was rendered:'}
        {broken === 0 && check.errors.length === 0 && right}
      </p>
      <ul class="faults">
        {check.errors.map((error) => (
          <li key={error} class="pre">
            {error}
          </li>
        ))}
        {faultsOf(check.problems).map((fault) => (
          <li key={`${fault.line} ${fault.column} ${fault.message}`}>
            <button
              type="button"
              class="link"
              onClick={() => field.current && goTo(field.current, fault.line, fault.column)}
            >
              line {fault.line}, column {fault.column}
            </button>
            : {fault.message}{' '}
            <span class="muted">
              ({fault.machines.slice(0, 5).join(', ')}
              {fault.machines.length > 5 && ` and ${fault.machines.length - 5} more`})
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** One fault breaks many machines: it is said once. */
function faultsOf(problems: readonly TemplateProblemView[]): readonly Fault[] {
  const faults = new Map<string, Fault>();
  for (const problem of problems) {
    const key = `${problem.line} ${problem.column} ${problem.message}`;
    const known = faults.get(key);
    faults.set(key, { ...problem, machines: [...(known?.machines ?? []), problem.machine] });
  }
  return [...faults.values()];
}
