import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { type ApiProblem, problemOf } from '../api.ts';
import { download } from './download.ts';
import { FileText } from './file-text.tsx';
import { ProblemBox } from './problem-box.tsx';

interface SaveProps {
  /** Of the file that a download makes. */
  readonly fileName: string;
  readonly text: string;
  readonly isDirty: boolean;
  /** It was checked, and nothing breaks. */
  readonly isRight: boolean;
  /** Resolves with what is to be said; rejects with ApiProblem. */
  readonly save: () => Promise<string>;
  /** From Save until what is there then was read: nothing may be typed meanwhile. */
  readonly isBusy: boolean;
  readonly onBusy: (isBusy: boolean) => void;
  readonly onReset: () => void;
  /** Somebody else has saved since the text was read: what is there now is to be read. Resolves when it was. */
  readonly onConflict: () => Promise<unknown>;
  /** What is there now, after a conflict. */
  readonly theirs: string | undefined;
  /** More buttons. */
  readonly children?: ComponentChildren;
}

/** Puts a text in its place, or offers it as a download where the server may not. */
export function SaveText(props: SaveProps) {
  const { fileName, text, isDirty, isRight, save, isBusy, onBusy, onReset, onConflict, theirs, children } = props;
  const [problem, setProblem] = useState<ApiProblem | undefined>();
  const [said, setSaid] = useState('');
  const run = async () => {
    setProblem(undefined);
    setSaid('');
    onBusy(true);
    try {
      setSaid(await save());
    } catch (error) {
      const refused = problemOf(error);
      setProblem(refused);
      if (refused.code === 'changed-meanwhile') await onConflict();
    }
    onBusy(false);
  };
  return (
    <>
      <div class="buttons">
        <button type="button" class="primary" disabled={!isDirty || !isRight || isBusy} onClick={() => void run()}>
          Save
        </button>
        <button
          type="button"
          disabled={!isDirty || isBusy}
          onClick={() => {
            setProblem(undefined);
            onReset();
          }}
        >
          Take the edit back
        </button>
        <button type="button" onClick={() => download(fileName, text)}>
          Download
        </button>
        {children}
        <span role="status">{isBusy ? 'Saving …' : !isDirty && said}</span>
      </div>
      <ProblemBox problem={problem} />
      {theirs !== undefined && (
        <div class="box warn">
          <p>Yours is above, and not lost. Now there is:</p>
          <FileText isWrapped text={theirs} />
          <p>Put what you need of it into yours: Save then writes yours in its place. Or take the edit back.</p>
        </div>
      )}
    </>
  );
}
