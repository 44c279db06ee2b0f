import type { RefObject } from 'preact';
import { goTo, type TextFault } from './text-field.tsx';

export interface Fault extends TextFault {
  /** Those that it breaks; none: it is a fault of the text itself. */
  readonly machines: readonly string[];
}

interface ListProps {
  /** What is wrong elsewhere, each with its place in words. */
  readonly lines: readonly string[];
  readonly faults: readonly Fault[];
  readonly field: RefObject<HTMLTextAreaElement | null>;
}

/** What is wrong, with links to the lines of the text. */
export function FaultList({ lines, faults, field }: ListProps) {
  return (
    <ul class="faults">
      {lines.map((line) => (
        <li key={line} class="pre">
          {line}
        </li>
      ))}
      {faults.map(({ line, column, message, machines }) => (
        <li key={`${line} ${column} ${message}`}>
          <button type="button" class="link" onClick={() => field.current && goTo(field.current, line, column)}>
            line {line}, column {column}
          </button>
          : {message} {machines.length > 0 && <span class="muted">({someOf(machines)})</span>}
        </li>
      ))}
    </ul>
  );
}

/** The first few names, and how many more there are. */
export function someOf(names: readonly string[]): string {
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `${names.slice(0, 5).join(', ')}${more}`;
}
