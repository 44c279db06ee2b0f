import type { Account } from '../account.ts';
import type { Line } from './lines.ts';

/** Options of dnsmasq that are on or off for everybody. */
export type Switch = 'dhcp-authoritative' | 'dhcp-broadcast' | 'bootp-dynamic' | 'no-ping' | 'enable-tftp';

export interface Switches {
  isOn(key: Switch): boolean;
  /** `dhcp-ignore=tag:!known`: nobody without a dhcp-host line is answered. */
  readonly ignoresUnknown: boolean;
}

/** Reads them. A switch that is on for some clients only is told of. */
export function createSwitches(lines: readonly Line[], account: Account): Switches {
  const isForAll = ({ key, list }: Line) => list.length === 0 || key === 'enable-tftp';
  const of = (key: Switch) => lines.filter((line) => line.key === key);
  for (const key of ['dhcp-broadcast', 'bootp-dynamic'] as const) {
    for (const line of of(key).filter((one) => !isForAll(one))) {
      account.tell({ level: 'todo', reason: 'This holds for whole networks, and not for clients with a tag.' }, line);
    }
  }
  const known = lines.filter(
    ({ key, list }) => key === 'dhcp-ignore' && list.length === 1 && /^(tag:)?[!#]known$/.test(list[0]?.text ?? ''),
  );
  account.use(...known);
  for (const line of lines.filter(({ key }) => key === 'dhcp-ignore')) {
    if (known.includes(line)) continue;
    const reason = 'rackready cannot leave single clients or kinds of clients without an answer. All get one.';
    account.tell({ level: 'todo', reason }, line);
  }
  return {
    isOn: (key) => {
      const on = of(key).filter(isForAll);
      account.use(...on);
      return on.length > 0;
    },
    ignoresUnknown: known.length > 0,
  };
}
