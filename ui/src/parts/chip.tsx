const TONES: Readonly<Record<string, string>> = {
  installed: 'good',
  succeeded: 'good',
  done: 'good',
  bound: 'good',
  running: 'busy',
  failed: 'bad',
  held: 'bad',
  expired: 'warn',
  cancelled: 'warn',
  abandoned: 'warn',
  ignored: 'warn',
  error: 'bad',
  warning: 'warn',
};

/** A state in a word. The colour only repeats it. */
export function Chip({ text, tone = TONES[text] ?? 'plain' }: { readonly text: string; readonly tone?: string }) {
  return <span class={`chip ${tone}`}>{text}</span>;
}
