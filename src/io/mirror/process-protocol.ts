import type { EventId, Subject } from '../../event/event.ts';
import type { MirrorConfig } from '../../mirror/mirror-config.ts';
import type { MirrorCommand, MirrorReply, MirrorView } from '../../mirror/mirror-view.ts';
import type { Progress } from '../../mirror/run/progress.ts';
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
  /** All that is known, when it has changed. */
  | { readonly kind: 'views'; readonly views: readonly MirrorView[] }
  /** How far the mirrors are that a run is in progress of, by name; `scrub`: how far that is, when it has changed. */
  | {
      readonly kind: 'progress';
      readonly progress: ReadonlyMap<string, Progress>;
      readonly scrub?: ScrubView | undefined;
    }
  | { readonly kind: 'reply'; readonly id: number; readonly reply: MirrorReply };
