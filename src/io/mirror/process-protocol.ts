import type { EventId, Subject } from '../../event/event.ts';
import type { MirrorConfig } from '../../mirror/mirror-config.ts';
import type { MirrorCommand, MirrorReply, MirrorView } from '../../mirror/mirror-view.ts';
import type { ScrubAction, ScrubConfig, ScrubView } from '../../mirror/run/scrub.ts';

export type ToMirrorProcess =
  | {
      readonly kind: 'configure';
      readonly mirrors: readonly MirrorConfig[];
      readonly scrub?: ScrubConfig | undefined;
    }
  | { readonly kind: 'scrub'; readonly id: number; readonly action: ScrubAction }
  | { readonly kind: 'command'; readonly id: number; readonly command: MirrorCommand }
  /** Stops what runs, then ends. */
  | { readonly kind: 'close' };

export type FromMirrorProcess =
  | { readonly kind: 'event'; readonly id: EventId; readonly subject: Subject; readonly data: unknown }
  | { readonly kind: 'views'; readonly views: readonly MirrorView[]; readonly scrub: ScrubView }
  | { readonly kind: 'reply'; readonly id: number; readonly reply: MirrorReply };
