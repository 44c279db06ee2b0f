import { createStore, type Store } from './store.ts';

/** Where the page is: "#/machines/sm1?attempt=7" is view "machines", name "sm1". */
export interface Route {
  readonly view: string;
  readonly name: string | undefined;
  readonly query: URLSearchParams;
}

function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [view = '', name] = path.split('/', 2);
  return {
    view: view === '' ? 'rack' : view,
    name: name ? decode(name) : undefined,
    query: new URLSearchParams(query),
  };
}

export function linkTo(view: string, name?: string, query: Readonly<Record<string, string>> = {}): string {
  const path = name === undefined ? view : `${view}/${encodeURIComponent(name)}`;
  const search = new URLSearchParams(query).toString();
  return `#/${path}${search === '' ? '' : `?${search}`}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Follows the address bar. */
export function openRoute(): Store<Route> {
  const store = createStore(parseRoute(location.hash));
  addEventListener('hashchange', () => store.set(parseRoute(location.hash)));
  return store;
}
