import type { ProfileCheck, ProfileText } from '../../../src/http/api/config-ports.ts';
import { post } from '../api.ts';
import { rack, refresh } from '../live.ts';
import { FileText } from '../parts/file-text.tsx';
import { ProblemBox } from '../parts/problem-box.tsx';
import { SaveText } from '../parts/save-text.tsx';
import { type Saved, toldAfter } from '../parts/saved.ts';
import { useTextEdit } from '../parts/text-edit.ts';
import { TextField } from '../parts/text-field.tsx';
import { useStore } from '../store.ts';
import { nameIn } from './new-profile.ts';
import { isRight, ProfileCheckPart } from './profile-check.tsx';

interface EditorProps {
  /** undefined: a new one. */
  readonly name?: string | undefined;
  /** What a new one begins with. */
  readonly begin?: string | undefined;
  readonly onDirty: (isDirty: boolean) => void;
  readonly onSaved: (name: string, said: string) => void;
  readonly onCopy?: (() => void) | undefined;
}

/** A profile as the text that it is in the configuration. */
export function ProfileEditor({ name, begin, onDirty, onSaved, onCopy }: EditorProps) {
  const about = name === undefined ? {} : { name };
  const { value, problem, text, checked, machine, setMachine, isOfMachine, typing, saving, settleWith } = useTextEdit<
    ProfileText,
    ProfileCheck
  >({
    path: name === undefined ? null : `/config/profiles/text?${new URLSearchParams({ name })}`,
    begin,
    checkPath: '/config/profiles/check',
    about,
    onDirty,
  });
  const { check, isCurrent } = checked;
  if (text === undefined) return <ProblemBox problem={problem} />;
  const save = async () => {
    const body = { ...about, text, ...(value && { version: value.version }) };
    const { saved } = await post<{ saved: Saved }>('/config/profiles/save', body);
    onDirty(false);
    void refresh();
    const said = await settleWith((why) => toldAfter(saved, why));
    onSaved(nameIn(text), said);
    return said;
  };
  return (
    <section class="editor" aria-label={name === undefined ? 'New profile' : `Profile ${name}`}>
      <p class="muted pre">
        {value
          ? `${value.profile.file}, line ${value.profile.line}`
          : 'A new profile: its first line is its name. Machines become it when you give it to them.'}
      </p>
      <TextField label="Text of the profile" isShort text={text} problems={check?.errors ?? []} {...typing} />
      <SaveText
        fileName={`${nameIn(text) || 'profile'}.yaml`}
        isRight={isCurrent && check !== undefined && isRight(check)}
        {...{ text, save, ...saving }}
      >
        {onCopy && (
          <button type="button" onClick={onCopy}>
            Copy it…
          </button>
        )}
      </SaveText>
      <ProblemBox problem={checked.problem} />
      <ProfileCheckPart check={check} isCurrent={isCurrent} field={typing.field} />
      <Preview
        machine={machine}
        onMachine={setMachine}
        preview={(isOfMachine && check?.preview) || null}
        isCurrent={isCurrent}
      />
    </section>
  );
}

interface PreviewProps {
  readonly machine: string;
  readonly onMachine: (name: string) => void;
  readonly preview: ProfileCheck['preview'];
  /** It is of what is asked now. */
  readonly isCurrent: boolean;
}

/** What any machine would be sent if it were to become this. */
function Preview({ machine, onMachine, preview, isCurrent }: PreviewProps) {
  const none = isCurrent ? 'It cannot be rendered.' : 'Checking …';
  const { machines } = useStore(rack);
  return (
    <div class="preview">
      <label class="field">
        Preview for
        <select value={machine} onChange={(event) => onMachine(event.currentTarget.value)}>
          <option value="">no machine</option>
          {machines.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {machine !== '' && (
        <>
          <h2 class="sub">Kernel line</h2>
          <FileText isWrapped text={preview?.kernelLine ?? none} />
          <h2 class="sub">Answer file</h2>
          <FileText text={preview?.answerFile ?? none} />
        </>
      )}
    </div>
  );
}
