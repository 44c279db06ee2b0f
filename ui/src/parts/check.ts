import { useEffect, useState } from 'preact/hooks';
import { type ApiProblem, post, problemOf } from '../api.ts';

/** After the last key: a check renders every machine that the text is for. */
const CHECK_AFTER_MS = 500;

interface Checked<Check> {
  /** Of the last text that was checked. */
  readonly check?: Check | undefined;
  readonly problem?: ApiProblem | undefined;
  /** What was asked then. */
  readonly about?: object | undefined;
}

/**
 * Has the server check what is typed, one text after the other: what is typed meanwhile is asked, the newest alone, when the
 * last has answered. `isCurrent`: what came of it is of what is asked now. undefined: nothing is asked.
 * `base`: of what is there now, which it is compared with; another one asks again.
 */
export function useCheck<Check>(
  path: string,
  asked: object | undefined,
  base: string | undefined,
): Checked<Check> & { readonly isCurrent: boolean } {
  const [state, setState] = useState<Checked<Check> & { readonly of?: string }>({});
  const body = asked && JSON.stringify(asked);
  const of = `${base} ${body}`;
  const [isAsking, setAsking] = useState(false);
  const isKnown = state.of === of;
  useEffect(() => {
    if (body === undefined || isAsking || isKnown) return;
    const ask = async () => {
      setAsking(true);
      try {
        const about = JSON.parse(body) as object;
        const { check } = await post<{ check: Check }>(path, about);
        setState({ check, about, of });
      } catch (error) {
        setState({ problem: problemOf(error), of });
      }
      setAsking(false);
    };
    const timer = setTimeout(() => void ask(), CHECK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [path, body, of, isAsking, isKnown]);
  const { check, problem, about } = state;
  return { check, problem, about, isCurrent: body !== undefined && isKnown };
}
