import { useCallback, useEffect, useState } from 'preact/hooks';
import { type ApiProblem, get, problemOf } from './api.ts';

export interface Loaded<Answer> {
  /** undefined: not there yet, or the problem says why not. What was loaded before stays while it is asked for again. */
  readonly value: Answer | undefined;
  readonly problem: ApiProblem | undefined;
  reload(): void;
}

interface State<Answer> {
  readonly path: string;
  readonly value?: Answer | undefined;
  readonly problem?: ApiProblem | undefined;
}

/** Asks the API for `path`; with `everyMs` again and again while the page is looked at. null: nothing is asked. */
export function useLoaded<Answer>(path: string | null, everyMs?: number): Loaded<Answer> {
  const [state, setState] = useState<State<Answer>>({ path: path ?? '' });
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  // `round` asks again.
  useEffect(() => {
    if (path === null) return;
    let isGone = false;
    get<Answer>(path).then(
      (value) => !isGone && setState({ path, value }),
      (error: unknown) =>
        !isGone && setState((before) => ({ ...(before.path === path && before), path, problem: problemOf(error) })),
    );
    return () => {
      isGone = true;
    };
  }, [path, round]);
  useEffect(() => {
    if (everyMs === undefined) return;
    const timer = setInterval(() => document.visibilityState === 'visible' && reload(), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, reload]);
  const isCurrent = state.path === path;
  return { value: isCurrent ? state.value : undefined, problem: isCurrent ? state.problem : undefined, reload };
}
