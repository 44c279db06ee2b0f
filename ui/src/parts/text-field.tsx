import type { RefObject } from 'preact';
import { useRef } from 'preact/hooks';

/** Lines and columns count from 1. */
export interface TextFault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

interface FieldProps {
  readonly label: string;
  readonly isShort?: boolean;
  readonly text: string;
  readonly problems: readonly TextFault[];
  /** It is being saved: what would be typed now would be lost. */
  readonly isBusy: boolean;
  readonly onInput: (text: string) => void;
  readonly field: RefObject<HTMLTextAreaElement | null>;
}

/** A text with numbered lines; those with a problem are marked. */
export function TextField({ label, isShort = false, text, problems, isBusy, onInput, field }: FieldProps) {
  const gutter = useRef<HTMLDivElement>(null);
  const bad = new Map(problems.map(({ line, message }) => [line, message]));
  const lines = text.split('\n').length;
  return (
    <div class={isShort ? 'text-field short' : 'text-field'}>
      <div class="gutter" ref={gutter} aria-hidden="true">
        {Array.from({ length: lines }, (_, index) => (
          <span key={`${index + 1}`} class={bad.has(index + 1) ? 'bad' : undefined} title={bad.get(index + 1)}>
            {index + 1}
          </span>
        ))}
      </div>
      <textarea
        ref={field}
        aria-label={label}
        spellcheck={false}
        wrap="off"
        value={text}
        readOnly={isBusy}
        aria-busy={isBusy}
        aria-invalid={problems.length > 0}
        onInput={(event) => onInput(event.currentTarget.value)}
        onScroll={(event) => {
          if (gutter.current) gutter.current.scrollTop = event.currentTarget.scrollTop;
        }}
      />
    </div>
  );
}

/** Puts the cursor at a place of the text, and into sight. */
export function goTo(field: HTMLTextAreaElement, line: number, column: number): void {
  const before = field.value.split('\n').slice(0, line - 1);
  const at = before.reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
  field.focus();
  field.setSelectionRange(at, at);
  const height = field.scrollHeight / Math.max(1, field.value.split('\n').length);
  field.scrollTop = Math.max(0, (line - 5) * height);
}
