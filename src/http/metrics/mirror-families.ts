import type { MirrorView } from '../../mirror/mirror-view.ts';
import { isScrubbing, type ScrubView } from '../../mirror/run/scrub.ts';
import type { Family, Sample } from './exposition.ts';

const STATES = ['empty', 'serving', 'held'] as const;

/** What is known of the mirrors. */
export function mirrorFamilies(views: readonly MirrorView[]): Family[] {
  const gauge = (name: string, help: string, read: (view: MirrorView) => number | undefined): Family => ({
    name: `rackready_mirror_${name}`,
    help,
    type: 'gauge',
    samples: views.flatMap((view): Sample[] => {
      const value = read(view);
      return value === undefined ? [] : [{ labels: { mirror: view.name }, value }];
    }),
  });
  const served = ({ state }: MirrorView) => state.snapshots.find(({ id }) => id === state.current)?.size;
  const seconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1000);
  return [
    states(views),
    gauge('frozen', 'Whether the mirror keeps to what it has.', ({ state, config }) =>
      Number(state.isFrozen || config.mode === 'frozen'),
    ),
    gauge('snapshots', 'States that can be served.', ({ state }) => state.snapshots.length),
    gauge('files', 'Files of the state that is served, without metadata.', (view) => served(view)?.files),
    gauge('size_bytes', 'Size of the state that is served, without metadata.', (view) => served(view)?.bytes),
    gauge(
      'unverified_files',
      'Files of the state that is served that no metadata vouch for.',
      (view) => served(view)?.unverified,
    ),
    gauge(
      'last_success_timestamp_seconds',
      'When the upstream was last found to be what is here, or was published.',
      ({ state }) => seconds(state.lastSuccessAt),
    ),
    gauge('last_run_timestamp_seconds', 'When the last run ended.', ({ state }) => seconds(state.lastRun?.endedAt)),
    gauge(
      'last_run_success',
      'Whether the last run published something, or found nothing new.',
      ({ state }) => state.lastRun && Number(['published', 'unchanged'].includes(state.lastRun.result)),
    ),
    gauge('next_run_timestamp_seconds', 'When the next run begins by the schedule.', ({ nextRunAt }) =>
      seconds(nextRunAt),
    ),
    gauge('running', 'Whether a run is in progress.', ({ progress }) => Number(progress !== undefined)),
    gauge('run_bytes', 'Bytes that the run in progress has fetched.', ({ progress }) => progress?.bytesDone),
    gauge(
      'run_expected_bytes',
      'Bytes that the run in progress fetches in all, as far as it knows.',
      ({ progress }) => progress?.bytesTotal,
    ),
    gauge('run_files', 'Files that the run in progress has fetched.', ({ progress }) => progress?.filesDone),
    gauge(
      'run_expected_files',
      'Files that the run in progress fetches in all, as far as it knows.',
      ({ progress }) => progress?.filesTotal,
    ),
    gauge('run_bytes_per_second', 'Rate of the run in progress.', ({ progress }) => progress?.bytesPerSecond),
    gauge(
      'run_left_seconds',
      'Time that the run in progress still takes at this rate.',
      ({ progress }) => progress?.secondsLeft,
    ),
    gauge('run_retries', 'Requests that the run in progress has repeated.', ({ progress }) => progress?.retries),
  ];
}

function states(views: readonly MirrorView[]): Family {
  const stateOf = ({ state }: MirrorView) => (state.held ? 'held' : state.current === undefined ? 'empty' : 'serving');
  return {
    name: 'rackready_mirror_state',
    help: 'State of the mirror: 1 for the one that it is in. held: the old state is served, and the new one waits for somebody.',
    type: 'gauge',
    samples: views.flatMap((view) =>
      STATES.map((state) => ({ labels: { mirror: view.name, state }, value: Number(stateOf(view) === state) })),
    ),
  };
}

/** What is known of the pool, and of reading it again; nothing where there are no mirrors. */
export function poolFamilies(view: ScrubView | undefined): Family[] {
  if (view === undefined) return [];
  const gauge = (name: string, help: string, value: number | undefined): Family => ({
    name: `rackready_${name}`,
    help,
    type: 'gauge',
    samples: value === undefined ? [] : [{ value }],
  });
  const ended = view.endedAt;
  return [
    gauge('mirror_pool_files', 'Contents in the pool of all mirrors, counted once an hour.', view.pool?.files),
    gauge('mirror_pool_bytes', 'Size of the pool of all mirrors, counted once an hour.', view.pool?.bytes),
    gauge('scrub_running', 'Whether the pool is being read again.', Number(isScrubbing(view) && !view.isPaused)),
    gauge('scrub_files', 'Contents that the scrub in progress, else the last one, has compared.', view.files),
    gauge('scrub_bytes', 'Bytes of them.', view.bytes),
    gauge('scrub_damaged_files', 'Of them, contents that were damaged.', view.damaged),
    gauge('mirror_damaged_kept_files', 'Damaged contents that are kept in `mirrors/damaged`.', view.aside.files),
    gauge(
      'scrub_last_end_timestamp_seconds',
      'When the last scrub ended.',
      ended === undefined ? undefined : ended / 1000,
    ),
  ];
}
