import { useState } from 'preact/hooks';
import { type ApiProblem, post, problemOf } from '../api.ts';
import { refresh } from '../live.ts';
import { useLoaded } from '../load.ts';
import { Dialog } from '../parts/dialog.tsx';
import { ProblemBox } from '../parts/problem-box.tsx';
import { type Saved, told } from '../parts/saved.ts';

interface AddProps {
  readonly mac?: string | undefined;
  readonly suggestedName?: string | undefined;
  readonly onClose: () => void;
}

/** Takes a machine into the configuration's file, or shows the command where the server may not write it. */
export function AddMachine({ mac, suggestedName, onClose }: AddProps) {
  const { value: loaded } = useLoaded<{ profiles: string[] }>('/profiles');
  const { saved, problem, isBusy, submit } = useAdding();
  return (
    <Dialog title="Add a machine" onClose={onClose}>
      <form class="fields" onSubmit={(event) => void submit(event)}>
        <Field name="name" label="Name" value={labelOf(suggestedName)} required autofocus />
        <Field name="macs" label="MAC address" value={mac} placeholder="00:25:90:96:c4:9a" required />
        <Field name="address" label="Address" placeholder="from the pool" />
        <label class="field">
          Profile
          <select name="profile">
            <option value="">none: it boots from its disk</option>
            {loaded?.profiles.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <ProblemBox problem={problem} />
        <p role="status">{saved && told(saved)}</p>
        <div class="buttons">
          {!saved && (
            <button type="submit" class="primary" disabled={isBusy}>
              Write it into the configuration
            </button>
          )}
        </div>
      </form>
      <form method="dialog" class="buttons">
        <button type="submit">{saved ? 'Close' : 'Do nothing'}</button>
      </form>
    </Dialog>
  );
}

function useAdding() {
  const [saved, setSaved] = useState<Saved | undefined>();
  const [problem, setProblem] = useState<ApiProblem | undefined>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const { macs = '', ...rest } = Object.fromEntries([...data].map(([key, value]) => [key, String(value).trim()]));
    const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== ''));
    setBusy(true);
    setProblem(undefined);
    try {
      const answer = await post<{ saved: Saved }>('/machines', {
        ...given,
        macs: macs.split(/[\s,]+/).filter(Boolean),
      });
      setSaved(answer.saved);
      await refresh();
    } catch (error) {
      setProblem(problemOf(error));
    }
    setBusy(false);
  };
  return { saved, problem, isBusy, submit };
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly value?: string | undefined;
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly autofocus?: boolean;
}

function Field({ name, label, value, ...rest }: FieldProps) {
  return (
    <label class="field">
      {label}
      <input name={name} defaultValue={value} autocomplete="off" spellcheck={false} {...rest} />
    </label>
  );
}

/** A host name that a machine told, as far as it may be a name. */
function labelOf(told: string | undefined): string | undefined {
  const label = told
    ?.split('.', 1)[0]
    ?.toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return label === '' ? undefined : label;
}
