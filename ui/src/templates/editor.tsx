import type { TemplateCheck, TemplateRow, TemplateText } from '../../../src/http/api/config-ports.ts';
import { post } from '../api.ts';
import { rack } from '../live.ts';
import { FileText } from '../parts/file-text.tsx';
import { ProblemBox } from '../parts/problem-box.tsx';
import { SaveText } from '../parts/save-text.tsx';
import { type Saved, toldAfter } from '../parts/saved.ts';
import { useTextEdit } from '../parts/text-edit.ts';
import { TextField } from '../parts/text-field.tsx';
import { useStore } from '../store.ts';
import { CheckPart } from './check-part.tsx';

interface EditorProps {
  readonly row: TemplateRow;
  readonly onDirty: (isDirty: boolean) => void;
}

export function Editor({ row, onDirty }: EditorProps) {
  const { path } = row;
  const { value, problem, text, checked, machine, setMachine, isOfMachine, typing, saving, settleWith } = useTextEdit<
    TemplateText,
    TemplateCheck
  >({
    path: `/templates/text?${new URLSearchParams({ path })}`,
    checkPath: '/templates/check',
    about: { path },
    onDirty,
  });
  const { check, isCurrent } = checked;
  if (value === undefined || text === undefined) return <ProblemBox problem={problem} />;
  const save = async () => {
    const body = { path, text, version: value.version };
    const { saved } = await post<{ saved: Saved }>('/templates/save', body);
    return settleWith((why) => toldAfter(saved, why));
  };
  const isRight = isCurrent && check !== undefined && check.errors.length + check.problems.length === 0;
  return (
    <section class="editor" aria-label={`Template ${path}`}>
      <p class="muted pre">{path}</p>
      <TextField label="Text of the template" text={text} problems={check?.problems ?? []} {...typing} />
      <SaveText
        fileName={path.slice(path.lastIndexOf('/') + 1)}
        isRight={isRight && !row.isBuiltIn}
        {...{ text, save, ...saving }}
      />
      {row.isBuiltIn && (
        <p class="muted">
          This template comes with rackready and is replaced with it. Download it, put it beside your configuration, and
          name it there: profiles.NAME.answerFile.
        </p>
      )}
      <ProblemBox problem={checked.problem} />
      <CheckPart check={check} isCurrent={isCurrent} field={typing.field} />
      <Preview
        row={row}
        machine={machine}
        onMachine={setMachine}
        text={(isOfMachine && check?.preview) || null}
        isCurrent={isCurrent}
      />
    </section>
  );
}

interface PreviewProps {
  readonly row: TemplateRow;
  readonly machine: string;
  readonly onMachine: (name: string) => void;
  readonly text: string | null;
  /** It is of what is asked now. */
  readonly isCurrent: boolean;
}

function Preview({ row, machine, onMachine, text, isCurrent }: PreviewProps) {
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
      {machine !== '' && <FileText text={text ?? (isCurrent ? 'It cannot be rendered.' : 'Checking …')} />}
    </div>
  );
}
