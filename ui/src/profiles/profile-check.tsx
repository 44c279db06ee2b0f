import type { RefObject } from 'preact';
import type { ProfileCheck } from '../../../src/http/api/config-ports.ts';
import { FaultList, someOf } from '../parts/fault-list.tsx';
import { counted } from '../wording.ts';

interface CheckProps {
  readonly check: ProfileCheck | undefined;
  /** It is of the text as it is now. */
  readonly isCurrent: boolean;
  readonly field: RefObject<HTMLTextAreaElement | null>;
}

/** What an edit would break and change, before it is saved. */
export function ProfileCheckPart({ check, isCurrent, field }: CheckProps) {
  if (check === undefined) return <p role="status">Checking …</p>;
  const { errors, elsewhere, broken, changes } = check;
  return (
    <div class="check" aria-busy={!isCurrent}>
      <p role="status" class={isRight(check) ? 'good-text' : 'bad-text'}>
        {inWords(check)}
      </p>
      <FaultList lines={elsewhere} faults={errors.map((error) => ({ ...error, machines: [] }))} field={field} />
      {broken.length > 0 && (
        <Concerned title="It would break" rows={broken.map((one) => ({ ...one, what: one.message }))} />
      )}
      {changes.length > 0 && <Concerned title="It would change" rows={changes} />}
    </div>
  );
}

export function isRight({ errors, elsewhere, broken }: ProfileCheck): boolean {
  return errors.length + elsewhere.length + broken.length === 0;
}

function inWords(check: ProfileCheck): string {
  const { errors, elsewhere, machines, broken, changes } = check;
  if (errors.length > 0) return 'It has errors, so nothing was rendered:';
  if (elsewhere.length > 0) return 'The configuration would have errors, so nothing was rendered:';
  if (machines.length === 0) return 'No machine uses it, so nothing was rendered: no problems.';
  const rendered = `Rendered for ${counted(machines.length, 'machine')}`;
  if (broken.length > 0) return `${rendered}: not all is well.`;
  return changes.length === 0 ? `${rendered}: no problems, and nothing changes.` : `${rendered}: no problems.`;
}

interface ConcernedProps {
  readonly title: string;
  readonly rows: readonly { readonly what: string; readonly machines: readonly string[] }[];
}

function Concerned({ title, rows }: ConcernedProps) {
  const total = new Set(rows.flatMap(({ machines }) => machines)).size;
  return (
    <>
      <h2 class="sub">
        {title} {counted(total, 'machine')}:
      </h2>
      <ul class="reasons">
        {rows.map(({ what, machines }) => (
          <li key={what}>
            {what} <Names machines={machines} />
          </li>
        ))}
      </ul>
    </>
  );
}

/** Few names as they are, many to be opened. */
function Names({ machines }: { readonly machines: readonly string[] }) {
  const few = someOf(machines);
  const all = machines.join(', ');
  if (few === all) return <span class="muted">({all})</span>;
  return (
    <details class="inline">
      <summary class="muted">{few}</summary>
      {all}
    </details>
  );
}
