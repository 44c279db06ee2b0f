import { useEffect, useRef, useState } from 'preact/hooks';
import type { TemplateCheck, TemplateRow, TemplateText } from '../../../src/http/api/config-ports.ts';
import { type ApiProblem, post, problemOf } from '../api.ts';
import { rack } from '../live.ts';
import { useLoaded } from '../load.ts';
import { ProblemBox } from '../parts/problem-box.tsx';
import { useStore } from '../store.ts';
import { CheckPart } from './check-part.tsx';
import { Save } from './save.tsx';
import { TextField } from './text-field.tsx';

/** After the last key: a check renders every machine that uses the template. */
const CHECK_AFTER_MS = 500;

interface EditorProps {
  readonly row: TemplateRow;
  readonly onDirty: (isDirty: boolean) => void;
}

export function Editor({ row, onDirty }: EditorProps) {
  const { value, problem, reload } = useLoaded<TemplateText>(
    `/templates/text?${new URLSearchParams({ path: row.path })}`,
  );
  const [edited, setEdited] = useState<string | undefined>();
  const [machine, setMachine] = useState('');
  const text = edited ?? value?.text;
  const isDirty = edited !== undefined && edited !== value?.text;
  const { check, problem: checkProblem } = useCheck(row.path, text, machine);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    onDirty(isDirty);
    return () => onDirty(false);
  }, [isDirty, onDirty]);
  if (value === undefined || text === undefined) return <ProblemBox problem={problem} />;
  return (
    <section class="editor" aria-label={`Template ${row.path}`}>
      <p class="muted pre">{row.path}</p>
      <TextField text={text} problems={check?.problems ?? []} onInput={setEdited} field={field} />
      <Save
        row={row}
        text={text}
        version={value.version}
        isDirty={isDirty}
        isBroken={check === undefined || check.errors.length + check.problems.length > 0}
        onSaved={() => {
          setEdited(undefined);
          reload();
        }}
        onReset={() => setEdited(undefined)}
      />
      <ProblemBox problem={checkProblem} />
      <CheckPart check={check} field={field} />
      <Preview row={row} machine={machine} onMachine={setMachine} text={check?.preview ?? null} />
    </section>
  );
}

/** What would come of the text; undefined while that is not known of this text. */
function useCheck(path: string, text: string | undefined, machine: string) {
  const [state, setState] = useState<{ check?: TemplateCheck | undefined; problem?: ApiProblem | undefined }>({});
  useEffect(() => {
    if (text === undefined) return;
    let isGone = false;
    const ask = () =>
      post<{ check: TemplateCheck }>('/templates/check', { path, text, ...(machine !== '' && { machine }) }).then(
        ({ check }) => !isGone && setState({ check }),
        (error: unknown) => !isGone && setState({ problem: problemOf(error) }),
      );
    const timer = setTimeout(ask, CHECK_AFTER_MS);
    return () => {
      isGone = true;
      clearTimeout(timer);
      setState(({ check }) => (check ? { check: { ...check } } : {}));
    };
  }, [path, text, machine]);
  return state;
}

interface PreviewProps {
  readonly row: TemplateRow;
  readonly machine: string;
  readonly onMachine: (name: string) => void;
  readonly text: string | null;
}

function Preview({ row, machine, onMachine, text }: PreviewProps) {
  const { machines } = useStore(rack);
  const users = machines.filter(({ profile }) => profile !== null && row.profiles.includes(profile));
  return (
    <div class="preview">
      <label class="field">
        Preview for
        <select value={machine} onChange={(event) => onMachine(event.currentTarget.value)}>
          <option value="">no machine</option>
          {users.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {machine !== '' && <pre>{text ?? 'It cannot be rendered.'}</pre>}
    </div>
  );
}
