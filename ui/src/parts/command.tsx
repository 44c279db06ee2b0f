import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { FileText } from './file-text.tsx';

interface CommandProps {
  readonly text: string;
  readonly name?: string;
  /** More buttons. */
  readonly children?: ComponentChildren;
}

/** A command line, or a file, to copy. */
export function Command({ text, name = 'command', children }: CommandProps) {
  const [said, setSaid] = useState('');
  const isFile = name === 'configuration';
  const copy = async () => {
    // Browsers give the clipboard only to pages of HTTPS and of this computer.
    const isDone = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    );
    setSaid(isDone ? 'Copied' : 'Select it and copy');
  };
  return (
    <div class={isFile ? 'command file' : 'command'}>
      {isFile ? <FileText text={text} /> : <pre>{text}</pre>}
      <button type="button" aria-label={`Copy the ${name}`} onClick={() => void copy()}>
        Copy
      </button>
      {children}
      <span role="status">{said}</span>
    </div>
  );
}
