import { defineConfig } from 'vitest/config'
import { AcceptanceReporter } from './tools/acceptance/reporter.ts'

export default defineConfig({
  test: {
    include: ['*/src/**/*.test.ts', 'console/*/src/**/*.test.{ts,tsx}', 'tools/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 120_000,
    reporters: ['default', new AcceptanceReporter()],
  },
})
