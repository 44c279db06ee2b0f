import type { Ipv4 } from '../../net/ipv4.ts';
import type { Account } from '../account.ts';
import { readDomain } from '../domain-name.ts';
import type { Line } from './lines.ts';
import { covers } from './read-range.ts';

/** The `domain` lines. */
export interface Domains {
  /** The domain of a network with this address in it. */
  of(address: Ipv4): string | undefined;
  /** Tells of the lines that no network has. */
  tellRest(hasNetworks: boolean): void;
}

/** `domain=NAME`, `domain=NAME,10.0.0.0/24[,local]`, `domain=NAME,FIRST,LAST`. */
export function readDomains(lines: readonly Line[], account: Account): Domains {
  const all = lines.filter(({ key, list }) => key === 'domain' && list.length > 0);
  const used = new Set<Line>();
  const isGeneral = ({ list }: Line) => list.length === 1;
  return {
    of: (address) => {
      const line =
        all.find(
          (one) =>
            !isGeneral(one) &&
            covers(
              one.list.slice(1).map(({ text }) => text),
              address,
            ),
        ) ?? all.findLast(isGeneral);
      const { domain } = readDomain(line?.list[0]?.text ?? '');
      if (line && domain !== undefined) used.add(line);
      return domain;
    },
    tellRest: (hasNetworks) => {
      for (const line of all) {
        if (used.has(line)) {
          account.use(line);
          continue;
        }
        const isRead = readDomain(line.list[0]?.text ?? '').domain !== undefined;
        const reason = isRead
          ? 'No network here has this domain.'
          : 'This is no domain name: write the domain that is meant.';
        account.tell({ level: hasNetworks && !isRead ? 'todo' : 'fine', reason }, line);
      }
    },
  };
}
