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

/** Also heeds a link that is opened in this tab later: to the browser that is only another place on the same page. */
export async function startSession(): Promise<void> {
  addEventListener('hashchange', () => void followLink());
  if (await followLink()) return;
  session.set(localStorage.getItem(KEY) === null ? 'out' : 'in');
}

/** A link of `rackready up` has the token in its fragment: it is taken out of the address bar and the history first. */
async function followLink(): Promise<boolean> {
  const [, token] = /^#token=([\x21-\x7e]+)$/.exec(location.hash) ?? [];
  if (token === undefined) return false;
  history.replaceState(null, '', '/');
  await signIn(token).catch(() => session.set('out'));
  return true;
}
