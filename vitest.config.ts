// The kinds of tests. Two files run at once, but for those that count what happens within a few milliseconds of the real worker.
import { defineConfig } from "vitest/config";

const files = (folder: string) => [`test/${folder}/**/*.test.ts`];

const SLOW = { testTimeout: 60_000, hookTimeout: 60_000 };
const ALONE = files("model/alone");

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
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
        test: { name: "web", include: ["test/web/**/*.test.{ts,tsx}"], environment: "happy-dom" },
      },
      {
        // Files share modules, as the unit tests do: loading all of src/ once per file took a third of the time.
        test: { name: "service", include: files("service"), testTimeout: 30_000, isolate: false },
      },
      {
        test: {
          name: "model",
          include: [...files("model"), ...files("compat")],
          exclude: ALONE,
          ...SLOW,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // A browser beside a model on two CPUs may be late once: what fails twice is wrong.
        test: {
          name: "page",
          include: files("page"),
          ...SLOW,
          retry: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "alone",
          include: [...ALONE, ...files("proxy")],
          ...SLOW,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
