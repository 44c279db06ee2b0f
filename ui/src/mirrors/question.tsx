import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Dialog } from '../parts/dialog.tsx';

interface QuestionProps {
  readonly title: string;
  /** What the button that does it says. */
  readonly button: string;
  /** Why it cannot be done any more; undefined: it can. */
  readonly obstacle?: string | undefined;
  /** Resolves when it is done or refused. */
  readonly answer: () => Promise<void>;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** Asks once more before what clients get is changed. */
export function Question({ title, button, obstacle, answer, onClose, children }: QuestionProps) {
  const [isBusy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    await answer();
    onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <p role="status" class="bad-text">
        {!isBusy && obstacle}
      </p>
      <div class="buttons">
        <form method="dialog">
          <button type="submit">Do nothing</button>
        </form>
        <button type="button" class="danger" disabled={isBusy || obstacle !== undefined} onClick={() => void go()}>
          {button}
        </button>
      </div>
    </Dialog>
  );
}
