import { useState } from 'preact/hooks';
import type { ProfileRow, ProfileText } from '../../../src/http/api/config-ports.ts';
import { useLoaded } from '../load.ts';
import { ProblemBox } from '../parts/problem-box.tsx';
import { linkTo, type Route } from '../route.ts';
import { counted } from '../wording.ts';
import { copyOf, freeName, NEW_PROFILE } from './new-profile.ts';
import { ProfileEditor } from './profile-editor.tsx';

interface Profiles {
  readonly profiles: readonly ProfileRow[];
  readonly problems: readonly string[];
}

const to = (query: Readonly<Record<string, string>>) => linkTo('profiles', undefined, query);

/** What machines can become: each profile as its text, with what an edit would break and change. */
export function ProfilesView({ route }: { readonly route: Route }) {
  const { value, problem, reload } = useLoaded<Profiles>('/config/profiles');
  const [isDirty, setDirty] = useState(false);
  const [said, setSaid] = useState('');
  const rows = value?.profiles ?? [];
  const { query } = route;
  const copied = query.get('copy');
  const isNew = query.has('new') || copied !== null;
  const chosen = isNew ? undefined : (rows.find(({ name }) => name === query.get('name')) ?? rows[0]);
  const isLeft = () => !isDirty || confirm('The edited text is not saved. Leave it?');
  const leave = (event: Event) => {
    if (!isLeft()) event.preventDefault();
  };
  const onSaved = (name: string, words: string) => {
    reload();
    setSaid(isNew ? `${name}: ${words}` : '');
    if (isNew) location.hash = to({ name });
  };
  return (
    <>
      <div class="head">
        <h1>Profiles</h1>
        <span role="status" class="good-text">
          {said}
        </span>
        <div class="buttons">
          <a class="button" href={to({ new: '' })} onClick={leave}>
            New profile…
          </a>
        </div>
      </div>
      <ProblemBox problem={problem} />
      {value?.problems.map((line) => (
        <p key={line} class="bad-text pre">
          {line}
        </p>
      ))}
      {value && rows.length === 0 && !isNew && (
        <p class="empty">The configuration has no profile: no machine can be installed.</p>
      )}
      <div class="templates">
        <nav aria-label="Profiles">
          <ul>
            {rows.map((row) => (
              <li key={row.name}>
                <a href={to({ name: row.name })} aria-current={row === chosen ? 'true' : undefined} onClick={leave}>
                  <strong>{row.name}</strong>
                  <small>
                    {row.os ?? 'not in force'} · {counted(row.machines, 'machine')}
                  </small>
                </a>
              </li>
            ))}
          </ul>
        </nav>
        {query.has('new') && <ProfileEditor key="new" begin={NEW_PROFILE} onDirty={setDirty} onSaved={onSaved} />}
        {copied !== null && value && (
          <Copy
            key={`copy ${copied}`}
            name={copied}
            taken={rows.map(({ name }) => name)}
            onDirty={setDirty}
            onSaved={onSaved}
          />
        )}
        {chosen && (
          <ProfileEditor
            key={chosen.name}
            name={chosen.name}
            onDirty={setDirty}
            onSaved={onSaved}
            onCopy={() => {
              if (isLeft()) location.hash = to({ copy: chosen.name });
            }}
          />
        )}
      </div>
    </>
  );
}

interface CopyProps {
  readonly name: string;
  readonly taken: readonly string[];
  readonly onDirty: (isDirty: boolean) => void;
  readonly onSaved: (name: string, said: string) => void;
}

/** A new profile that begins with the text of another. */
function Copy({ name, taken, onDirty, onSaved }: CopyProps) {
  const { value, problem } = useLoaded<ProfileText>(`/config/profiles/text?${new URLSearchParams({ name })}`);
  // Stays when the list is read again, after it was saved.
  const [as] = useState(freeName(name, taken));
  if (value === undefined) return <ProblemBox problem={problem} />;
  return <ProfileEditor begin={copyOf(value.text, as)} onDirty={onDirty} onSaved={onSaved} />;
}
