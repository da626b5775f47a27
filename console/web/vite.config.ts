import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** No source maps and no inlined assets: what is served is files from our own origin, so a strict CSP holds. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2_500,
  },
})
