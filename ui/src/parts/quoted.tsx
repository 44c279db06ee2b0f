/** A sentence whose parts between backticks are to be typed as they are. */
export function Quoted({ text }: { readonly text: string }) {
  // Every second part stood between two of them.
  return (
    <>{text.split('`').map((part, index) => (index % 2 === 1 ? <code key={`${index} ${part}`}>{part}</code> : part))}</>
  );
}
