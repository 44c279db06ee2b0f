import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { ResolveMirror } from '../http/boot/answer-request.ts';
import type { BootHttpAnswer, WantedFile } from '../http/boot/protocol.ts';
import { type Mirrors, openMirrors } from '../io/mirror/open-mirrors.ts';
import type { Lives } from '../machine/lives.ts';
import type { MirrorView } from '../mirror/mirror-view.ts';
import { findSnapshot } from '../mirror/run/state.ts';
import type { MirrorLookup } from '../serve/boot-deps.ts';
import type { Base } from './base.ts';
import type { HttpOptions } from './http.ts';

/** The mirrors of this host: what boots from them, what is served of them, and the process that fills them. */
export interface MirrorServing extends Mirrors {
  readonly lookup: MirrorLookup;
  /** What the boot HTTP listener asks. */
  readonly serve: Pick<HttpOptions, 'resolveMirror' | 'wantMirrored' | 'onMirrorsChanged'>;
  /** Ids of states that installations in progress need. */
  leased(mirror: string): readonly string[];
  use(settings: Settings): void;
}

function mirrorsOf({ mirrors }: Settings) {
  return [...mirrors.values()];
}

/** Nothing runs before `use` is called: the process is to have this one's account, after root was given up. */
export function openMirrorServing(
  { emit, lives }: Pick<Base, 'emit' | 'lives'>,
  dataFolder: string,
  settings: Settings,
): MirrorServing {
  const root = join(dataFolder, 'mirrors');
  const leased = () => leasedSnapshots(lives);
  let onChange = () => {};
  const mirrors = openMirrors({
    root,
    emit,
    onViews: () => onChange(),
    // Old states go when a new one has come, but none that a machine installs from now.
    onPublished: (name) => void mirrors.command({ kind: 'prune', name, leased: leased() }),
  });
  mirrors.expect(mirrorsOf(settings));
  return {
    ...mirrors,
    lookup: createMirrorLookup(root, mirrors.view),
    serve: {
      resolveMirror: createMirrorResolver(root, mirrors.view),
      wantMirrored: createWanter(mirrors),
      onMirrorsChanged: (listener) => {
        onChange = listener;
      },
    },
    leased,
    use: (next) => mirrors.configure(mirrorsOf(next), next.server.scrub),
  };
}

/** Ids are unique enough that it does not matter which mirror a grant was for. */
function leasedSnapshots(lives: Lives): string[] {
  return [...lives.all()].flatMap(({ operation }) => operation?.grant.snapshot ?? []);
}

/** Gets a file to this host that the upstream has. */
function createWanter(mirrors: Mirrors): (wanted: WantedFile) => Promise<BootHttpAnswer> {
  return async ({ mirror, path, sha256, name }) => {
    const reply = await mirrors.command({ kind: 'want', name: mirror, path, sha256 });
    if (reply.kind === 'done') return { kind: 'file', name, path };
    const reason = reply.kind === 'refused' ? reply.reason : `there is no mirror ${mirror}`;
    return { kind: 'refuse', status: 503, reason };
  };
}

type FindView = (name: string) => MirrorView | undefined;

function createMirrorLookup(root: string, view: FindView): MirrorLookup {
  return {
    current: (mirror) => view(mirror)?.state.current,
    bootFile: (mirror, snapshot, path) => {
      const boot = view(mirror)?.state.snapshots.find(({ id }) => id === snapshot)?.boot;
      const sha256 = boot && Object.hasOwn(boot, path) ? boot[path] : undefined;
      return sha256 === undefined ? undefined : join(root, 'pool', sha256.slice(0, 2), sha256);
    },
  };
}

function createMirrorResolver(root: string, view: FindView): ResolveMirror {
  return (mirror, label) => {
    const found = view(mirror);
    if (found === undefined) return { missing: `there is no mirror ${mirror}` };
    const { state } = found;
    if (state.current === undefined) return { missing: `the mirror ${mirror} has nothing yet` };
    const snapshot = label === undefined ? undefined : findSnapshot(state, label)?.id;
    if (label !== undefined && snapshot === undefined) return { missing: `the mirror ${mirror} has no state ${label}` };
    return { repo: join(root, 'repos', mirror), pool: join(root, 'pool'), snapshot };
  };
}
