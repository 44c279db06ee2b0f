import type { MirrorAdmin } from '../http/api/ports.ts';
import type { MirrorServing } from './mirrors.ts';

/** What an operator may do with mirrors. */
export function createMirrorAdmin(mirrors: MirrorServing): MirrorAdmin {
  return {
    list: mirrors.views,
    scrub: mirrors.scrub,
    scrubView: mirrors.scrubView,
    command: (order) =>
      mirrors.command(order.kind === 'prune' ? { ...order, leased: mirrors.leased(order.name) } : order),
  };
}
