import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { type ApiProblem, get, problemOf } from './api.ts';

export interface Loaded<Answer> {
  /** undefined: not there yet, or the problem says why not. What was loaded before stays while it is asked for again. */
  readonly value: Answer | undefined;
  readonly problem: ApiProblem | undefined;
  /** Asks again. Resolves when the answer is in `value`, or with why there is none. */
  reload(): Promise<ApiProblem | undefined>;
}

interface State<Answer> {
  readonly path: string;
  readonly value?: Answer | undefined;
  readonly problem?: ApiProblem | undefined;
}

type Waiting = (problem: ApiProblem | undefined) => void;

/** Asks the API for `path`; with `everyMs` again and again while the page is looked at. null: nothing is asked. */
export function useLoaded<Answer>(path: string | null, everyMs?: number): Loaded<Answer> {
  const [state, setState] = useState<State<Answer>>({ path: path ?? '' });
  const [round, setRound] = useState(0);
  const waiting = useRef<Waiting[]>([]);
  const reload = useCallback(
    () =>
      new Promise<ApiProblem | undefined>((resolve) => {
        waiting.current.push(resolve);
        setRound((before) => before + 1);
      }),
    [],
  );
  // `round` asks again.
  useEffect(() => {
    const mine = waiting.current.splice(0);
    const wake = (why: ApiProblem | undefined) => {
      for (const resolve of mine.splice(0)) resolve(why);
    };
    if (path === null) return wake(undefined);
    let isGone = false;
    get<Answer>(path).then(
      (value) => {
        if (isGone) return;
        setState({ path, value });
        wake(undefined);
      },
      (error: unknown) => {
        if (isGone) return;
        const why = problemOf(error);
        setState((before) => ({ ...(before.path === path && before), path, problem: why }));
        wake(why);
      },
    );
    return () => {
      isGone = true;
      // Whoever waits is told by the answer that counts.
      waiting.current.unshift(...mine.splice(0));
    };
  }, [path, round]);
  useEffect(() => {
    if (everyMs === undefined) return;
    const timer = setInterval(() => document.visibilityState === 'visible' && void reload(), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, reload]);
  const isCurrent = state.path === path;
  return { value: isCurrent ? state.value : undefined, problem: isCurrent ? state.problem : undefined, reload };
}
