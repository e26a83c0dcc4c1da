// The kinds of tests. No test measures time, so that all of them pass on a machine that is busy with something else.
import { defineConfig } from "vitest/config";

const files = (folder: string) => [`test/${folder}/**/*.test.ts`];

const SLOW = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 3, // some wait for a process or a timer while others compute,
    globalSetup: "./test/support/built.ts",
    reporters: process.env.CI ? ["default", "./test/support/total-reporter.ts"] : ["default"],
    projects: [
      {
        test: {
          name: "unit",
          include: [...files("unit"), "test/architecture.test.ts"],
          isolate: false,
          testTimeout: 30_000, // for a busy machine
        },
      },
      {
        test: {
          name: "web",
          include: ["test/web/**/*.test.{ts,tsx}"],
          environment: "happy-dom",
          isolate: false,
          testTimeout: 60_000,
        },
      },
      {
        // Files share modules, as the unit tests do: loading all of src/ once per file took a third of the time.
        test: { name: "service", include: files("service"), testTimeout: 60_000, isolate: false },
      },
      {
        test: {
          name: "model",
          include: ["model", "compat", "proxy", "cluster"].flatMap(files),
          isolate: false,
          ...SLOW,
        },
      },
      {
        // A browser beside a model on two CPUs may be late once: what fails twice is wrong.
        test: {
          name: "page",
          include: files("page"),
          ...SLOW,
          isolate: false, // the files share their modules, and one browser
          globalSetup: "./test/page/browser-server.ts",
          retry: 1,
        },
      },
      {
        // `npm run test:nightly`, not part of `npm test`: short runs of the long programs, what a real load tool sees, and more
        // random schemas.
        test: {
          name: "nightly",
          include: [...files("nightly"), ...files("unit/grammar")],
          env: { SLUICE_TEST_CASES: "5" },
          ...SLOW,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
