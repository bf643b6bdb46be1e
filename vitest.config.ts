import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'interop/*.test.ts',
            'interop/{bench,vectors,lab,daemon,etcd}/**/*.test.ts',
          ],
          testTimeout: 60_000,
        },
      },
      {
        // Real daemons in containers: one file after the other, so that they share the two cores fairly.
        test: {
          name: 'interop',
          include: ['interop/cases/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
