import { render } from 'preact';
import { App } from './app.tsx';
import { openRoute } from './route.ts';
import { startSession } from './session.ts';
import './theme.ts';

await startSession();
const root = document.getElementById('page');
if (root) render(<App route={openRoute()} />, root);
