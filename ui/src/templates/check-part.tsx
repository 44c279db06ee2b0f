import type { RefObject } from 'preact';
import type { TemplateCheck, TemplateProblemView } from '../../../src/http/api/config-ports.ts';
import { type Fault, FaultList } from '../parts/fault-list.tsx';
import { counted } from '../wording.ts';

interface CheckProps {
  readonly check: TemplateCheck | undefined;
  /** It is of the text as it is now. */
  readonly isCurrent: boolean;
  readonly field: RefObject<HTMLTextAreaElement | null>;
}

/** Which machines the text would break, and where. */
export function CheckPart({ check, isCurrent, field }: CheckProps) {
  if (check === undefined) return <p role="status">Checking …</p>;
  const broken = new Set(check.problems.map(({ machine }) => machine)).size;
  const rendered = counted(check.machines.length, 'machine');
  const right =
    check.machines.length === 0
      ? 'No machine uses it, so nothing was rendered.'
      : `Rendered for ${rendered}: no problems.`;
  return (
    <div class="check" aria-busy={!isCurrent}>
      <p role="status" class={broken > 0 || check.errors.length > 0 ? 'bad-text' : 'good-text'}>
        {broken > 0 && `It would break ${broken} of ${rendered}.`}
        {check.errors.length > 0 && 'The configuration itself has errors, so nothing was rendered:'}
        {broken === 0 && check.errors.length === 0 && right}
      </p>
      <FaultList lines={check.errors} faults={faultsOf(check.problems)} field={field} />
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
