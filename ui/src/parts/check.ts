import { useEffect, useState } from 'preact/hooks';
import { type ApiProblem, post, problemOf } from '../api.ts';

/** After the last key: a check renders every machine that the text is for. */
const CHECK_AFTER_MS = 500;

interface Checked<Check> {
  /** Of the last text that was checked. */
  readonly check?: Check | undefined;
  readonly problem?: ApiProblem | undefined;
}

/**
 * Has the server check what is typed. `isCurrent`: what came of it is of what is asked now. undefined: nothing is asked.
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
  useEffect(() => {
    if (body === undefined) return;
    let isGone = false;
    const ask = () =>
      post<{ check: Check }>(path, JSON.parse(body) as object).then(
        ({ check }) => !isGone && setState({ check, of }),
        (error: unknown) => !isGone && setState({ problem: problemOf(error), of }),
      );
    const timer = setTimeout(ask, CHECK_AFTER_MS);
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [path, body, of]);
  return { check: state.check, problem: state.problem, isCurrent: body !== undefined && state.of === of };
}
