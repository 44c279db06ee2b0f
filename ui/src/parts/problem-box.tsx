import type { ApiProblem } from '../api.ts';
import { Command } from './command.tsx';

/** Says what went wrong, and what to do. Its place is there before, so that a screen reader hears what comes into it. */
export function ProblemBox({ problem }: { readonly problem: ApiProblem | undefined }) {
  return (
    <div role="alert" class="problem-place">
      {problem && (
        <div class="box bad">
          <p class="pre">{problem.message}</p>
          <p>{problem.hint}</p>
          {problem.command && <Command text={problem.command} />}
        </div>
      )}
    </div>
  );
}
