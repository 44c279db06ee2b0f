import { useState } from 'preact/hooks';
import type { HeldJson, MirrorJson } from '../../../src/http/api/mirror-json.ts';
import { bytes, clockTime, counted } from '../wording.ts';
import type { Ask } from './mirror-card.tsx';
import { Fact } from './mirror-facts.tsx';
import { Question } from './question.tsx';

/** What somebody looked at; another one may be held meanwhile. */
interface Seen {
  readonly held: HeldJson;
  readonly reasons: readonly string[];
}

/** Which state waits, since when, why, and what it would change. What is published is the one that was looked at. */
export function HeldBox({ mirror, ask }: { readonly mirror: MirrorJson; readonly ask: Ask }) {
  const { held, heldReasons } = mirror;
  const [seen, setSeen] = useState<Seen | undefined>();
  return (
    <>
      {heldReasons.length > 0 && (
        <div class="box bad">
          {held ? (
            <Waiting held={held} mirror={mirror} onPublish={() => setSeen({ held, reasons: heldReasons })} />
          ) : (
            <Refused mirror={mirror} />
          )}
        </div>
      )}
      {seen && (
        <PublishQuestion
          seen={seen}
          mirror={mirror}
          publish={() => ask('approve', { snapshot: seen.held.id })}
          onClose={() => setSeen(undefined)}
        />
      )}
    </>
  );
}

interface WaitingProps {
  readonly held: HeldJson;
  readonly mirror: MirrorJson;
  readonly onPublish: () => void;
}

function Waiting({ held, mirror, onPublish }: WaitingProps) {
  return (
    <>
      <p>
        <strong>{held.id}</strong> has waited since {clockTime(held.at)}; {describeServed(mirror)}.
      </p>
      <Reasons reasons={mirror.heldReasons} />
      <HeldFacts held={held} mirror={mirror} />
      <button type="button" aria-label={`Publish it all the same: ${mirror.name}…`} onClick={onPublish}>
        Publish it all the same…
      </button>
    </>
  );
}

function Refused({ mirror }: { readonly mirror: MirrorJson }) {
  return (
    <>
      <p>What the upstream has now is held back; {describeServed(mirror)}.</p>
      <Reasons reasons={mirror.heldReasons} />
      <p>It cannot be published as it is: the next run looks whether upstream has mended it.</p>
    </>
  );
}

function describeServed({ current }: MirrorJson): string {
  return current === null ? 'nothing is served yet' : 'the state before it is served';
}

interface PublishProps {
  readonly seen: Seen;
  readonly mirror: MirrorJson;
  readonly publish: () => Promise<void>;
  readonly onClose: () => void;
}

function PublishQuestion({ seen: { held, reasons }, mirror, publish, onClose }: PublishProps) {
  const { name, current } = mirror;
  const meanwhile =
    mirror.held === null
      ? 'Meanwhile it is not held any more.'
      : 'Meanwhile another state is held. Close this, and look at that one.';
  return (
    <Question
      title={`Publish what is held: ${name}`}
      button={`Publish ${held.id}`}
      obstacle={mirror.held?.id === held.id ? undefined : meanwhile}
      answer={publish}
      onClose={onClose}
    >
      <p>
        Clients and installations get <strong>{held.id}</strong> from then on, although:
      </p>
      <Reasons reasons={reasons} />
      <HeldFacts held={held} mirror={mirror} />
      {current !== null && <p>The state before it, {current}, stays as a snapshot and can be served again.</p>}
    </Question>
  );
}

function HeldFacts({ held, mirror }: { readonly held: HeldJson; readonly mirror: MirrorJson }) {
  const now = mirror.snapshots.find(({ isCurrent }) => isCurrent);
  const { added, removed, changed } = held;
  return (
    <dl class="facts">
      <Fact name="It would be">{amount(held)}</Fact>
      {now && <Fact name="Served now">{amount(now)}</Fact>}
      {removed !== null && <Fact name="Removed">{some(removed, held.removedExamples)}</Fact>}
      {added !== null && <Fact name="Added">{some(added, held.addedExamples)}</Fact>}
      {changed !== null && <Fact name="Changed">{counted(changed, 'file')}</Fact>}
    </dl>
  );
}

function amount({ files, bytes: size, packages }: Pick<HeldJson, 'files' | 'bytes' | 'packages'>): string {
  return `${counted(files, 'file')}, ${bytes(size)}, ${counted(packages, 'package')} among them`;
}

function some(count: number, examples: readonly string[]): string {
  if (examples.length === 0) return counted(count, 'file');
  const more = count > examples.length ? ` and ${count - examples.length} more` : '';
  return `${counted(count, 'file')}: ${examples.join(', ')}${more}`;
}

function Reasons({ reasons }: { readonly reasons: readonly string[] }) {
  return (
    <ul class="reasons">
      {reasons.map((reason) => (
        <li key={reason}>{reason}</li>
      ))}
    </ul>
  );
}
