import { defineConfig } from 'vite';

/** `npm run build:ui`: from this folder to ui/dist, which is committed, so that a deploy host needs none of this. */
export default defineConfig({
  root: import.meta.dirname,
  build: {
    // What browsers of 2024 understand; nothing is rewritten for older ones.
    target: 'es2023',
    cssTarget: ['chrome123', 'firefox121', 'safari17.5'],
    modulePreload: { polyfill: false },
    // The Content-Security-Policy allows no data: URL.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
});
