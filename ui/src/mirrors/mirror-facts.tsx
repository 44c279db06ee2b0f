import type { ComponentChildren } from 'preact';
import type { MirrorJson } from '../../../src/http/api/mirror-json.ts';
import { Quoted } from '../parts/quoted.tsx';
import { bytes, clockTime, counted } from '../wording.ts';

/** What it serves, how the last run ended and what to do about that, and when the next one begins. */
export function MirrorFacts({ mirror }: { readonly mirror: MirrorJson }) {
  const { snapshots, lastRun, lastSuccessAt, progress } = mirror;
  const current = snapshots.find(({ isCurrent }) => isCurrent);
  const isGood = lastRun === null || lastRun.result === 'published' || lastRun.result === 'unchanged';
  return (
    <dl class="facts">
      <Fact name="Serves">{describeServed(mirror)}</Fact>
      <Fact name="Last run">
        <span class={lastRun?.result === 'failed' ? 'bad-text' : undefined}>{describeRun(mirror)}</span>
      </Fact>
      {lastRun?.next && !progress && (
        <Fact name="What to do">
          <Quoted text={lastRun.next} />
        </Fact>
      )}
      {!isGood && <Fact name="Last good">{lastSuccessAt === null ? 'never' : clockTime(lastSuccessAt)}</Fact>}
      <Fact name="Next run">{describeNext(mirror)}</Fact>
      {current && current.unverified > 0 && (
        <Fact name="Unverified">{counted(current.unverified, 'file')} that no metadata vouch for</Fact>
      )}
      {current?.remarks.map((remark) => (
        <Fact key={remark} name="Note">
          {remark}
        </Fact>
      ))}
    </dl>
  );
}

export function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function describeServed({ mode, snapshots }: MirrorJson): string {
  const current = snapshots.find(({ isCurrent }) => isCurrent);
  if (current === undefined) return 'nothing yet';
  const isOnDemand = mode === 'cache' || mode === 'sparse';
  const where = isOnDemand ? '; a package is on this disk once it was asked for' : '';
  return `${current.id}: ${counted(current.files, 'file')}, ${bytes(current.bytes)}${where}`;
}

/** Why something is held stands above. */
function describeRun({ lastRun, heldReasons, progress }: MirrorJson): string {
  if (lastRun === null) return progress ? 'This is its first run.' : 'It never ran.';
  const reason = lastRun.result === 'held' && heldReasons.length > 0 ? '' : `: ${lastRun.reason}`;
  return `${clockTime(lastRun.endedAt)}: ${lastRun.result}${reason}`;
}

function describeNext({ mode, current, isFrozen, nextRunAt }: MirrorJson): string {
  if (mode === 'frozen' && current !== null) return 'never (mode: frozen)';
  if (isFrozen) return 'never: it is frozen, and stays as it is until it follows its upstream again';
  if (mode === 'frozen') return 'by hand (mode: frozen)';
  return nextRunAt === null ? 'by hand: it has no schedule' : clockTime(nextRunAt);
}
