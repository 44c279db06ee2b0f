import { useState } from 'preact/hooks';
import type { TemplateRow } from '../../../src/http/api/config-ports.ts';
import { useLoaded } from '../load.ts';
import { ProblemBox } from '../parts/problem-box.tsx';
import { linkTo, type Route } from '../route.ts';
import { counted } from '../wording.ts';
import { Editor } from './editor.tsx';

/** The templates of answer files: what uses them, and an editor that says which machines an edit would break. */
export function TemplatesView({ route }: { readonly route: Route }) {
  const { value, problem } = useLoaded<{ templates: TemplateRow[] }>('/templates');
  const wanted = route.query.get('path');
  const [first] = value?.templates ?? [];
  const chosen = value?.templates.find(({ path }) => path === wanted) ?? first;
  const [isDirty, setDirty] = useState(false);
  return (
    <>
      <div class="head">
        <h1>Templates</h1>
      </div>
      <ProblemBox problem={problem} />
      {value?.templates.length === 0 && <p class="empty">The configuration uses no template.</p>}
      <div class="templates">
        <nav aria-label="Templates">
          <ul>
            {value?.templates.map((row) => (
              <li key={row.path}>
                <a
                  href={linkTo('templates', undefined, { path: row.path })}
                  aria-current={row === chosen ? 'true' : undefined}
                  onClick={(event) => {
                    if (isDirty && !confirm('The edited text is not saved. Leave it?')) event.preventDefault();
                  }}
                >
                  <strong>{row.name ?? row.path.slice(row.path.lastIndexOf('/') + 1)}</strong>
                  <small>
                    {row.isBuiltIn ? 'built in · ' : ''}
                    {row.profiles.join(', ') || 'no profile'} · {counted(row.machines, 'machine')}
                  </small>
                </a>
              </li>
            ))}
          </ul>
        </nav>
        {chosen && <Editor key={chosen.path} row={chosen} onDirty={setDirty} />}
      </div>
    </>
  );
}
