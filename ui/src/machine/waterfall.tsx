import type { Stage, Story, Transfer } from '../../../src/story/story.ts';
import { isInTrouble } from '../trouble.ts';
import { bytes, clockTime, duration, spaced } from '../wording.ts';
import { type Axis, makeAxis, rateOf, type Span } from './scale.ts';

/** A boot on a time axis: a bar for each stage, and below it one for each file. `now`: the server's clock. */
export function Waterfall({ story, now }: { readonly story: Story; readonly now: number }) {
  const axis = makeAxis(story, now);
  return (
    <figure class={isInTrouble(story, now) ? 'waterfall trouble' : 'waterfall'} aria-label="Stages on a time axis">
      <div class="ticks" aria-hidden="true">
        {axis.ticks.map(({ at, label }) => (
          <span key={label} style={{ left: `${at}%` }}>
            {label}
          </span>
        ))}
      </div>
      <ol>
        <Woken story={story} axis={axis} now={now} />
        {story.stages.map((stage) => (
          <StageRow key={`${stage.name} ${stage.startedAt}`} stage={stage} axis={axis} now={now} />
        ))}
      </ol>
      {story.stages.length === 0 && <p class="muted">Nothing was heard of this boot yet.</p>}
    </figure>
  );
}

interface WokenProps {
  readonly story: Story;
  readonly axis: Axis;
  readonly now: number;
}

/** Until its firmware asks: the machine tests itself. */
function Woken({ story, axis, now }: WokenProps) {
  const { wokenAt, stages, startedAt, endedAt } = story;
  if (wokenAt === undefined) return null;
  const isBooting = stages.length > 0;
  const until = isBooting ? startedAt : (endedAt ?? now);
  const state = isBooting ? 'done' : 'running';
  return (
    <li class={`stage woken ${state}`}>
      <div class="stage-head">
        <strong>woken</strong>{' '}
        <span class="muted">{`by Wake-on-LAN, ${clockTime(wokenAt)} · ${duration(until - wokenAt)}`}</span>
      </div>
      <Bar span={axis.span(wokenAt, until)} tone={`woken ${state}`} />
    </li>
  );
}

interface RowProps {
  readonly stage: Stage;
  readonly axis: Axis;
  readonly now: number;
}

function StageRow({ stage, axis, now }: RowProps) {
  const { name, state, startedAt, endedAt, transfers, transferCount, words } = stage;
  // How fast it was stands at each file: a stage is more than its transfers.
  const told = [state, duration((endedAt ?? now) - startedAt), stage.bytes > 0 && bytes(stage.bytes)].filter(Boolean);
  const hidden = transferCount - transfers.length;
  return (
    <li class={`stage ${name} ${state}`}>
      <div class="stage-head">
        <strong>{name}</strong> <span class="muted">{told.join(' · ')}</span>
      </div>
      <Bar span={axis.span(startedAt, endedAt)} tone={`${name} ${state}`} />
      <Words words={words} />
      {(transfers.length > 0 || hidden > 0) && (
        <details open={state !== 'done' || transfers.some((one) => one.state !== 'done')}>
          <summary>
            {transferCount} {transferCount === 1 ? 'file' : 'files'}
            {hidden > 0 && `, the last ${transfers.length} are shown`}
          </summary>
          <ul class="transfers">
            {transfers.map((transfer) => (
              <TransferRow
                key={`${transfer.startedAt} ${transfer.file}`}
                transfer={transfer}
                axis={axis}
                now={now}
                stage={stage}
              />
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}

function Words({ words }: { readonly words: Stage['words'] }) {
  const entries = Object.entries(words);
  if (entries.length === 0) return null;
  return (
    <dl class="said">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{spaced(name)}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface TransferProps {
  readonly transfer: Transfer;
  readonly axis: Axis;
  readonly now: number;
  readonly stage: Stage;
}

function TransferRow({ transfer, axis, now, stage }: TransferProps) {
  const { file, protocol, state, startedAt, endedAt, ofBytes } = transfer;
  const part = ofBytes && state !== 'done' ? ` of ${bytes(ofBytes)}` : '';
  const rate = rateOf(transfer, now);
  const told = [state, `${bytes(transfer.bytes)}${part}`, rate === undefined ? '' : `${bytes(rate)}/s`];
  return (
    <li class={state}>
      <code>{file}</code>{' '}
      <span class="muted">
        {protocol.toUpperCase()} · {told.filter(Boolean).join(' · ')}
      </span>
      <Bar span={axis.span(startedAt, endedAt ?? lastOf(transfer, stage))} tone={`${stage.name} thin ${state}`} />
    </li>
  );
}

/** Until when a transfer that has no end went on: what stalled did so for the rest of its stage. undefined: until now. */
function lastOf({ state, startedAt }: Transfer, { endedAt }: Stage): number | undefined {
  return state === 'running' || state === 'stalled' ? endedAt : startedAt;
}

function Bar({ span, tone }: { readonly span: Span; readonly tone: string }) {
  return (
    <div class="track" aria-hidden="true">
      <i class={tone} style={{ left: `${span.left}%`, width: `${span.width}%` }} />
    </div>
  );
}
