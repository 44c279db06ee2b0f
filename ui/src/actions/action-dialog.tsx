import { useEffect, useRef, useState } from 'preact/hooks';
import type { MachineView, WakeView } from '../../../src/http/api/views.ts';
import { post, problemOf } from '../api.ts';
import { refresh } from '../live.ts';
import { useLoaded } from '../load.ts';
import { Dialog } from '../parts/dialog.tsx';
import { counted } from '../wording.ts';
import { describeErased } from './erased.ts';

export type Action = 'install' | 'cancel' | 'wake' | 'retire' | 'unretire';

interface Words {
  readonly title: string;
  readonly tells: string;
  readonly button: string;
}

const WORDS: Readonly<Record<Action, Words>> = {
  install: {
    title: 'Install',
    tells: 'Each machine may be installed once, at its next boot from the network. Then this is erased:',
    button: 'Erase and install',
  },
  cancel: {
    title: 'Cancel the installation',
    tells: 'The permission to install is taken back. What an installer has begun already goes on.',
    button: 'Cancel the installation of',
  },
  wake: {
    title: 'Wake',
    tells: 'Wake-on-LAN is sent, to one machine a second. One that is on does nothing with it.',
    button: 'Wake',
  },
  retire: {
    title: 'Retire',
    tells: 'It is never installed again, and boots from its disk, until that is taken back. Nothing is erased.',
    button: 'Retire',
  },
  unretire: {
    title: 'Take the retirement back',
    tells: 'It may be installed again when that is granted. Nothing is erased.',
    button: 'Unretire',
  },
};

interface DialogProps {
  readonly action: Action;
  readonly machines: readonly MachineView[];
  readonly onClose: () => void;
}

/** Asks once more, and names what will be lost. */
export function ActionDialog({ action, machines, onClose }: DialogProps) {
  const words = WORDS[action];
  const [profile, setProfile] = useState('');
  const { count, results, run } = useRun(action, machines, profile);
  const isBusy = count !== undefined;
  const [only] = machines;
  const many = counted(machines.length, 'machine');
  const whom = machines.length === 1 && only ? only.name : many;
  const failed = results?.filter(({ problem }) => problem !== undefined) ?? [];
  return (
    <Dialog title={`${words.title}: ${whom}`} onClose={onClose}>
      {action === 'install' && results === undefined && <ProfileChoice value={profile} onChange={setProfile} />}
      {results === undefined ? (
        <>
          <p>{words.tells}</p>
          <Concerned action={action} machines={machines} profile={profile} />
        </>
      ) : (
        <p>{failed.length === 0 ? `Done for ${whom}.` : `${failed.length} of ${many} refused:`}</p>
      )}
      <ul class="results" aria-live="polite">
        {failed.map(({ name, problem }) => (
          <li key={name} class="bad-text">
            {problem}
          </li>
        ))}
        {results?.flatMap(({ name, notes }) => notes.map((note) => <li key={`${name} ${note}`}>{note}</li>))}
      </ul>
      <div class="buttons">
        <form method="dialog">
          <button type="submit">
            {results !== undefined ? 'Close' : isBusy && machines.length > 1 ? 'Stop after this one' : 'Do nothing'}
          </button>
        </form>
        {results === undefined && (
          <button
            type="button"
            class={action === 'install' ? 'danger' : 'primary'}
            disabled={isBusy}
            onClick={() => void run()}
          >
            {isBusy && machines.length > 1 ? `${count} of ${many} done` : `${words.button} ${whom}`}
          </button>
        )}
      </div>
    </Dialog>
  );
}

interface Result {
  readonly name: string;
  readonly problem: string | undefined;
  /** What there is to know besides. */
  readonly notes: readonly string[];
}

/** One after the other: each is on the server's disk before the next. A dialog that is closed meanwhile begins no other one. */
function useRun(action: Action, machines: readonly MachineView[], profile: string) {
  /** So many are done; undefined: nothing has begun. */
  const [count, setCount] = useState<number | undefined>();
  const [results, setResults] = useState<readonly Result[] | undefined>();
  const isClosed = useRef(false);
  useEffect(
    () => () => {
      isClosed.current = true;
    },
    [],
  );
  const run = async () => {
    setCount(0);
    const done: Result[] = [];
    for (const { name } of machines) {
      const body = action === 'install' ? { ...(profile !== '' && { profile }) } : undefined;
      const result = await post<{ wake?: WakeView }>(`/machines/${encodeURIComponent(name)}/${action}`, body).then(
        ({ wake }) => ({ name, problem: undefined, notes: wake ? notesOf(name, wake) : [] }),
        (error: unknown) => ({ name, problem: wordsOf(error), notes: [] }),
      );
      done.push(result);
      setCount(done.length);
      if (isClosed.current) break;
    }
    setResults(done);
    await refresh();
  };
  return { count, results, run };
}

function wordsOf(error: unknown): string {
  const { message, hint } = problemOf(error);
  return hint === '' ? message : `${message}. ${hint}`;
}

function notesOf(name: string, { answersAt, skipped }: WakeView): string[] {
  const isOn = answersAt === null ? [] : [`${name} is on already: it answers at ${answersAt}.`];
  return [...isOn, ...skipped.map(({ network, reason }) => `${name}: nothing was sent on ${network}: ${reason}.`)];
}

function ProfileChoice({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
  const { value: loaded } = useLoaded<{ profiles: string[] }>('/profiles');
  return (
    <label class="field">
      Profile
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">the machine’s own</option>
        {loaded?.profiles.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

interface ConcernedProps {
  readonly action: Action;
  readonly machines: readonly MachineView[];
  readonly profile: string;
}

function Concerned({ action, machines, profile }: ConcernedProps) {
  return (
    <ul class="concerned">
      {machines.map((machine) => (
        <li key={machine.name}>
          <strong>{machine.name}</strong>
          {action === 'install' && (
            <>
              {' '}
              ({profile || machine.profile || 'no profile'}): {describeErased(machine)}
            </>
          )}
          {action === 'wake' && machine.operation?.stage === 'granted' && (
            <>
              {' '}
              may be installed with {machine.operation.profile}: when it boots from the network this is erased:{' '}
              {describeErased(machine)}
            </>
          )}
          {machine.notes && <p class="muted pre">{machine.notes}</p>}
        </li>
      ))}
    </ul>
  );
}
