import { call, onSignedOut, post } from './api.ts';
import { createStore } from './store.ts';

export type Session = 'in' | 'out' | 'starting';

/**
 * Whether we were let in before. The cookie itself cannot be read from here, and asking without one would be told to the
 * operator as an attempt with a wrong token.
 */
const KEY = 'rackready-signed-in';

export const session = createStore<Session>('starting');

onSignedOut(() => {
  localStorage.removeItem(KEY);
  session.set('out');
});

/** Trades the token for the cookie. Rejects with ApiProblem. */
export async function signIn(token: string): Promise<void> {
  await post('/session', { token });
  localStorage.setItem(KEY, 'yes');
  session.set('in');
}

export async function signOut(): Promise<void> {
  await call('DELETE', '/session').catch(() => undefined);
  localStorage.removeItem(KEY);
  session.set('out');
}

/** A link of `rackready up` has the token in its fragment: it is taken out of the address bar and the history first. */
export async function startSession(): Promise<void> {
  const [, token] = /^#token=([\x21-\x7e]+)$/.exec(location.hash) ?? [];
  if (token === undefined) return session.set(localStorage.getItem(KEY) === null ? 'out' : 'in');
  history.replaceState(null, '', '/');
  await signIn(token).catch(() => session.set('out'));
}
