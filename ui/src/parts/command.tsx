import { useState } from 'preact/hooks';

/** A command line, or a file, to copy. */
export function Command({ text, name = 'command' }: { readonly text: string; readonly name?: string }) {
  const [said, setSaid] = useState('');
  const copy = async () => {
    // Browsers give the clipboard only to pages of HTTPS and of this computer.
    const isDone = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    );
    setSaid(isDone ? 'Copied' : 'Select it and copy');
  };
  return (
    <div class="command">
      <pre>{text}</pre>
      <button type="button" aria-label={`Copy the ${name}`} onClick={() => void copy()}>
        Copy
      </button>
      <span role="status">{said}</span>
    </div>
  );
}
