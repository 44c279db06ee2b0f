import { useRef, useState } from 'preact/hooks';
import type { MachineView } from '../../../src/http/api/views.ts';
import { type ApiProblem, post, problemOf } from '../api.ts';
import { refresh } from '../live.ts';
import { FileText } from '../parts/file-text.tsx';
import { ProblemBox } from '../parts/problem-box.tsx';
import { type Saved, told } from '../parts/saved.ts';

/** What people wrote about a machine, to read and to edit. It stands in the configuration, and no machine is sent it. */
export function Notes({ machine }: { readonly machine: MachineView }) {
  const [edit, setEdit] = useState<Edit | undefined>();
  const [said, setSaid] = useState('');
  const opener = useRef<HTMLButtonElement>(null);
  const notes = machine.notes ?? '';
  const close = (words: string) => {
    setEdit(undefined);
    setSaid(words);
    // The button is drawn again by then.
    queueMicrotask(() => opener.current?.focus());
  };
  return (
    <section class="notes box" aria-labelledby="notes">
      <div class="head">
        <h2 id="notes">Notes</h2>
        <span role="status" class="muted">
          {said}
        </span>
        {!edit && (
          <button
            type="button"
            ref={opener}
            onClick={() => {
              setSaid('');
              setEdit({ before: notes, text: notes });
            }}
          >
            {notes === '' ? 'Write notes…' : 'Edit notes…'}
          </button>
        )}
      </div>
      {edit ? (
        <NotesForm name={machine.name} now={notes} edit={edit} onEdit={setEdit} onClose={close} />
      ) : (
        <p class={notes === '' ? 'muted' : 'pre'}>{notes === '' ? 'None. No machine is ever sent them.' : notes}</p>
      )}
    </section>
  );
}

interface Edit {
  /** The notes that are edited. */
  readonly before: string;
  readonly text: string;
}

interface FormProps {
  readonly name: string;
  /** The notes as the server has them, which somebody else may have changed since. */
  readonly now: string;
  readonly edit: Edit;
  readonly onEdit: (edit: Edit) => void;
  readonly onClose: (said: string) => void;
}

function NotesForm({ name, now, edit, onEdit, onClose }: FormProps) {
  const [problem, setProblem] = useState<ApiProblem | undefined>();
  const [isBusy, setBusy] = useState(false);
  // While ours is saved it is our own that comes.
  const isStale = !isBusy && now !== edit.before;
  const save = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      const body = { notes: edit.text, before: edit.before };
      const { saved } = await post<{ saved: Saved }>(`/machines/${encodeURIComponent(name)}/notes`, body);
      await refresh();
      onClose(told(saved));
    } catch (error) {
      setProblem(problemOf(error));
      await refresh();
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <textarea
        aria-label={`Notes of ${name}`}
        class="boxed"
        rows={6}
        value={edit.text}
        readOnly={isBusy}
        aria-busy={isBusy}
        onInput={(event) => onEdit({ ...edit, text: event.currentTarget.value })}
        ref={focusOnce}
      />
      <ProblemBox problem={problem} />
      {isStale && (
        <div class="box warn" role="status">
          <p>Somebody else has changed these notes meanwhile. Yours are above; now there is:</p>
          <FileText text={now === '' ? '(nothing)' : now} />
          <button type="button" onClick={() => onEdit({ ...edit, before: now })}>
            I have seen it: mine may take its place
          </button>
        </div>
      )}
      <div class="buttons">
        <button type="submit" class="primary" disabled={isBusy || edit.text === edit.before}>
          Save notes
        </button>
        <button type="button" disabled={isBusy} onClick={() => onClose('')}>
          Leave them as they are
        </button>
        <span role="status">{isBusy && 'Saving …'}</span>
      </div>
    </form>
  );
}

function focusOnce(field: HTMLTextAreaElement | null): void {
  field?.focus();
}
