import { useMemo, useState } from 'preact/hooks';
import type { LeaseView, MachineView } from '../../../src/http/api/views.ts';
import { type Block, type Cell, countUses, makeBlocks, type Network, type Use } from './addresses.ts';

const USES: readonly (readonly [Use, string])[] = [
  ['bound', 'in use'],
  ['reserved', 'reserved'],
  ['pool', 'free'],
  ['expired', 'expired'],
  ['released', 'given back'],
  ['abandoned', 'abandoned: somebody else answered there'],
  ['server', 'this server'],
  ['router', 'router'],
];
const MOST_BLOCKS = 16;

interface MapProps {
  readonly network: Network;
  readonly leases: readonly LeaseView[];
  readonly machines: readonly MachineView[];
}

/** Each address a square. The table below says the same in words. */
export function AddressMap({ network, leases, machines }: MapProps) {
  const blocks = useMemo(() => makeBlocks(network, leases, machines), [network, leases, machines]);
  const [pointed, setPointed] = useState<Cell | undefined>();
  const counts = countUses(blocks);
  const present = USES.filter(([use]) => (counts.get(use) ?? 0) > 0);
  return (
    <figure class="address-map">
      <div class="blocks">
        {blocks.slice(0, MOST_BLOCKS).map((block) => (
          <BlockMap key={block.first} block={block} onPoint={setPointed} />
        ))}
      </div>
      {blocks.length > MOST_BLOCKS && <p class="muted">{blocks.length - MOST_BLOCKS} more blocks are not drawn.</p>}
      <figcaption>
        <p class="pointed">
          {pointed ? `${pointed.address}: ${pointed.text}` : 'Point at a square to see whose it is.'}
        </p>
        <ul class="legend">
          {present.map(([use, words]) => (
            <li key={use}>
              <i class={`cell ${use}`} aria-hidden="true" /> {words} ({counts.get(use)})
            </li>
          ))}
        </ul>
      </figcaption>
    </figure>
  );
}

interface BlockProps {
  readonly block: Block;
  readonly onPoint: (cell: Cell | undefined) => void;
}

function BlockMap({ block, onPoint }: BlockProps) {
  const point = (event: PointerEvent) => {
    const index = (event.target as HTMLElement).dataset.index;
    onPoint(index === undefined ? undefined : block.cells[Number(index)]);
  };
  const used = block.cells.filter(({ use }) => use === 'bound' || use === 'reserved').length;
  return (
    <div class="block">
      <small>{block.first}</small>
      <div
        class="cells"
        role="img"
        aria-label={`Addresses from ${block.first}: ${used} in use or reserved`}
        onPointerOver={point}
        onPointerDown={point}
        onPointerLeave={() => onPoint(undefined)}
      >
        {block.cells.map(({ address, use }, index) => (
          <i key={address} class={`cell ${use}`} data-index={index} />
        ))}
      </div>
    </div>
  );
}
