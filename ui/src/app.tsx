import type { FunctionComponent } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { EventsView } from './events/events-view.tsx';
import { followRack, rack } from './live.ts';
import { MachineView } from './machine/machine-view.tsx';
import { MirrorsView } from './mirrors/mirrors-view.tsx';
import { NetworksView } from './networks/networks-view.tsx';
import { ProfilesView } from './profiles/profiles-view.tsx';
import { RackView } from './rack/rack-view.tsx';
import { linkTo, type Route } from './route.ts';
import { session, signOut } from './session.ts';
import { SignIn } from './sign-in.tsx';
import { FirstSteps } from './start/first-steps.tsx';
import { type Store, useStore } from './store.ts';
import { TemplatesView } from './templates/templates-view.tsx';
import { type Theme, theme, themes } from './theme.ts';
import { clockTime } from './wording.ts';

interface View {
  readonly title: string;
  readonly show: FunctionComponent<{ readonly route: Route }>;
}

const views: Readonly<Record<string, View>> = {
  rack: { title: 'Rack', show: RackView },
  networks: { title: 'Networks', show: NetworksView },
  profiles: { title: 'Profiles', show: ProfilesView },
  templates: { title: 'Templates', show: TemplatesView },
  mirrors: { title: 'Mirrors', show: MirrorsView },
  events: { title: 'Events', show: EventsView },
  start: { title: 'First steps', show: FirstSteps },
  machines: { title: 'Machine', show: MachineView },
};

const NAVIGATION = ['rack', 'networks', 'profiles', 'templates', 'mirrors', 'events'] as const;

export function App({ route }: { readonly route: Store<Route> }) {
  const state = useStore(session);
  if (state === 'starting') return null;
  return state === 'in' ? <Shell route={route} /> : <SignIn />;
}

function Shell({ route }: { readonly route: Store<Route> }) {
  const now = useStore(route);
  const { status } = useStore(rack);
  useEffect(followRack, []);
  const isNew = status?.config === null;
  const view = isNew && now.view === 'rack' ? 'start' : now.view;
  const { title, show: Show } = views[view] ?? { title: 'Rack', show: RackView };
  const name = now.name === undefined ? title : now.name;
  const main = useRef<HTMLElement>(null);
  const place = `${view}/${now.name ?? ''}`;
  const isFirst = useRef(true);
  // Whoever cannot see the page is taken to what has changed; before the next key, which would else go nowhere.
  useLayoutEffect(() => {
    document.title = `${name} · rackready`;
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [place, name]);
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Top view={view} isNew={isNew} />
      <main id="main" ref={main} tabIndex={-1} class={`view view-${view}`}>
        <Show route={now} key={place} />
      </main>
      <Lost />
    </div>
  );
}

function Top({ view, isNew }: { readonly view: string; readonly isNew: boolean }) {
  const names = isNew ? (['start', ...NAVIGATION.filter((name) => name !== 'rack')] as const) : NAVIGATION;
  return (
    <header class="top">
      <a class="brand" href={linkTo('rack')}>
        <img src="/favicon.svg" alt="" width="22" height="22" /> rackready
      </a>
      <nav aria-label="Views">
        {names.map((name) => (
          <a key={name} href={linkTo(name)} aria-current={isCurrent(name, view) ? 'page' : undefined}>
            {views[name]?.title}
          </a>
        ))}
      </nav>
      <Connection />
      <ThemeSwitch />
      <button type="button" class="quiet" onClick={() => void signOut()}>
        Sign out
      </button>
    </header>
  );
}

function isCurrent(name: string, view: string): boolean {
  return name === view || (name === 'rack' && view === 'machines');
}

function Connection() {
  const { connection } = useStore(rack);
  const words = { connecting: 'Connecting', live: 'Live', lost: 'No answer' };
  return (
    <span class={`connection ${connection}`} role="status">
      {words[connection]}
    </span>
  );
}

/** Over the page's foot, so that nothing jumps: what is shown may be old. */
function Lost() {
  const { connection } = useStore(rack);
  // The moment at which it changed.
  const since = useMemo(() => clockTime(Date.now()), [connection]);
  if (connection !== 'lost') return null;
  return (
    <p class="lost-note">
      The server has not answered since {since}. What is shown may be old; the page goes on by itself when it is back.
    </p>
  );
}

function ThemeSwitch() {
  const now = useStore(theme);
  return (
    <select
      class="theme"
      aria-label="Colours"
      value={now}
      onChange={(event) => theme.set(event.currentTarget.value as Theme)}
    >
      {themes.map((one) => (
        <option key={one} value={one}>
          {{ auto: 'Auto', light: 'Light', dark: 'Dark' }[one]}
        </option>
      ))}
    </select>
  );
}
