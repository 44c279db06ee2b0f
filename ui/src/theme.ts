import { createStore } from './store.ts';

export const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const KEY = 'rackready-theme';

export const theme = createStore<Theme>(themes.find((one) => one === localStorage.getItem(KEY)) ?? 'auto');

function show(): void {
  document.documentElement.dataset.theme = theme.get();
}

theme.subscribe(() => {
  localStorage.setItem(KEY, theme.get());
  show();
});
show();
