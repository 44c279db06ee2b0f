import { Chip } from '../parts/chip.tsx';
import { StageBar } from '../parts/stage-bar.tsx';
import { linkTo } from '../route.ts';
import { clockTime } from '../wording.ts';
import { withoutName } from './doing.ts';
import type { Row } from './rows.ts';

interface RowProps {
  readonly row: Row;
  readonly index: number;
  readonly isCurrent: boolean;
  readonly isSelected: boolean;
  readonly onFocus: () => void;
  readonly onToggle: () => void;
}

export function RackRow({ row, index, isCurrent, isSelected, onFocus, onToggle }: RowProps) {
  const { machine, story, doing } = row;
  const { name, address, macs, profile, state, outcome } = machine;
  return (
    <tr aria-rowindex={index + 2} aria-selected={isSelected} class={isCurrent ? 'current' : undefined}>
      <td class="pick">
        <input type="checkbox" aria-label={`Select ${name}`} checked={isSelected} onChange={onToggle} />
      </td>
      <td class="name">
        <a href={linkTo('machines', name)} tabIndex={isCurrent ? 0 : -1} onFocus={onFocus}>
          {name}
        </a>
        <small>{profile ?? 'no profile'}</small>
      </td>
      <td class="address">
        <span>{address ?? 'from the pool'}</span>
        <small>{macs[0]}</small>
      </td>
      <td class="state">
        <Chip text={state} />
      </td>
      <td class="doing">
        <div class="doing-box">
          {story && <StageBar story={story} isInTrouble={doing.kind === 'trouble'} />}
          <span class={`doing-text ${doing.kind}`} title={doing.text}>
            {withoutName(doing.text, machine)}
          </span>
        </div>
      </td>
      <td class="outcome">
        {outcome && (
          <>
            <Chip text={outcome.result} />
            <small title={outcome.reason}>{clockTime(outcome.at)}</small>
          </>
        )}
      </td>
    </tr>
  );
}
