import { useState } from 'preact/hooks';
import { type ApiProblem, problemOf } from './api.ts';
import { ProblemBox } from './parts/problem-box.tsx';
import { signIn } from './session.ts';

export function SignIn() {
  const [problem, setProblem] = useState<ApiProblem | undefined>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem('token') as HTMLInputElement;
    setBusy(true);
    setProblem(undefined);
    try {
      // Also what was copied as a whole link.
      await signIn(field.value.trim().replace(/^.*#token=/, ''));
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
      field.select();
    }
  };
  return (
    <main class="sign-in">
      <h1>
        <img src="/favicon.svg" alt="" width="32" height="32" /> rackready
      </h1>
      <form onSubmit={(event) => void submit(event)}>
        <label for="token">Admin token</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required autofocus />
        <button type="submit" class="primary" disabled={isBusy}>
          Sign in
        </button>
        <ProblemBox problem={problem} />
      </form>
      <p>On the deploy host, this prints a link that signs you in:</p>
      <pre>sudo ./rackready status --link</pre>
    </main>
  );
}
