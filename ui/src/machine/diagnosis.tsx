import type { Diagnosis, Story } from '../../../src/story/story.ts';
import { Quoted } from '../parts/quoted.tsx';
import { duration } from '../wording.ts';

/** Where a boot stands, what comes next, and what is wrong with it: the first thing to read. */
export function Standing({ story, now }: { readonly story: Story; readonly now: number }) {
  const { next, standing, outcome, diagnoses } = story;
  const late = next === undefined ? 0 : now - next.expectedBy;
  return (
    <div class="standing" role="status">
      {diagnoses.map((diagnosis) => (
        <DiagnosisBox key={diagnosis.rule} diagnosis={diagnosis} />
      ))}
      <p class={diagnoses.length > 0 ? undefined : `stands ${outcome}`}>{standing}</p>
      {next && outcome === 'running' && (
        <p class={late > 0 ? 'box warn' : 'muted'}>
          Next: {next.what}
          {late > 0 ? `, overdue by ${duration(late)}` : `, within ${duration(-late)}`}
        </p>
      )}
    </div>
  );
}

function DiagnosisBox({ diagnosis }: { readonly diagnosis: Diagnosis }) {
  const { cause, remedy, applied, confidence, section } = diagnosis;
  const sure = confidence >= 0.8 ? 'almost certain' : confidence >= 0.5 ? 'likely' : 'possible';
  return (
    <section class="box bad diagnosis" aria-label="Likely cause">
      <p>
        <strong>{cause}</strong> <span class="muted">({sure})</span>
      </p>
      <p>
        <Quoted text={remedy} />
      </p>
      {applied && <p>Done already: {applied}</p>}
      <p class="muted">{section} tells more.</p>
    </section>
  );
}
