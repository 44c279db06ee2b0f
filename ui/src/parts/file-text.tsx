/** A file's text, or what else may be longer than its place: it scrolls by keyboard, too. */
export function FileText({ text, isWrapped = false }: { readonly text: string; readonly isWrapped?: boolean }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <pre tabIndex={0} class={isWrapped ? 'wrap' : undefined}>
      {text}
    </pre>
  );
}
