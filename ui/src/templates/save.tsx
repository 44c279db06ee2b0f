import { useState } from 'preact/hooks';
import type { TemplateRow } from '../../../src/http/api/config-ports.ts';
import { type ApiProblem, post, problemOf } from '../api.ts';
import { ProblemBox } from '../parts/problem-box.tsx';

interface SaveProps {
  readonly row: TemplateRow;
  readonly text: string;
  readonly version: string;
  readonly isDirty: boolean;
  readonly isBroken: boolean;
  readonly onSaved: () => void;
  readonly onReset: () => void;
}

/** Puts the text in its place, or offers it as a download where the server may not. */
export function Save({ row, text, version, isDirty, isBroken, onSaved, onReset }: SaveProps) {
  const [problem, setProblem] = useState<ApiProblem | undefined>();
  const [said, setSaid] = useState('');
  const name = row.path.slice(row.path.lastIndexOf('/') + 1);
  const save = async () => {
    setProblem(undefined);
    setSaid('');
    try {
      await post('/templates/save', { path: row.path, text, version });
      setSaid('Saved, and in force.');
      onSaved();
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  return (
    <>
      <div class="buttons">
        <button
          type="button"
          class="primary"
          disabled={!isDirty || isBroken || row.isBuiltIn}
          onClick={() => void save()}
        >
          Save
        </button>
        <button type="button" disabled={!isDirty} onClick={onReset}>
          Take the edit back
        </button>
        <button type="button" onClick={() => download(name, text)}>
          Download
        </button>
        <span role="status">{said}</span>
      </div>
      {row.isBuiltIn && (
        <p class="muted">
          This template comes with rackready and is replaced with it. Download it, put it beside your configuration, and
          name it there: profiles.NAME.answerFile.
        </p>
      )}
      <ProblemBox problem={problem} />
    </>
  );
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
