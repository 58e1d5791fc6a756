import { defineConfig } from 'vitest/config'

// In the projects: at the top level it would run once more for each of them.
const globalSetup = ['test/support/global-setup.ts']

export default defineConfig({
  // The examples import this package by its name.
  resolve: { tsconfigPaths: true },
  test: {
    // Native Temporal clients live in processes of their own, not in worker threads.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'main',
          include: ['test/**/*.test.ts'],
          exclude: ['test/servers/**', 'test/browser/**'],
          globalSetup,
        },
      },
      // `npm run test:servers`: installs and starts Python and JS servers of other versions.
      {
        extends: true,
        test: {
          name: 'servers',
          include: ['test/servers/**/*.test.ts'],
          globalSetup,
          maxConcurrency: 6,
          // What they install once they would install twice at the same time.
          fileParallelism: false,
        },
      },
      // `npm run test:browser`: Temporal's Web UI in Chromium, which must be installed. It starts its own servers.
      { extends: true, test: { name: 'browser', include: ['test/browser/**/*.test.ts'] } },
    ],
  },
})
