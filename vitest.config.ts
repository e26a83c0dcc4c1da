// Five kinds of tests. Only those that start the real worker run one file at a time: they would share two CPUs.
import { defineConfig } from "vitest/config";

const files = (folder: string) => [`test/${folder}/**/*.test.ts`];

export default defineConfig({
  test: {
    pool: "forks",
    globalSetup: "./test/support/built.ts",
    reporters: process.env.CI ? ["default", "./test/support/total-reporter.ts"] : ["default"],
    projects: [
      {
        test: {
          name: "unit",
          include: [...files("unit"), "test/architecture.test.ts"],
          isolate: false,
        },
      },
      {
        test: { name: "web", include: ["test/web/**/*.test.{ts,tsx}"], environment: "happy-dom" },
      },
      { test: { name: "service", include: files("service"), testTimeout: 30_000 } },
      {
        test: {
          name: "model",
          include: [...files("model"), ...files("compat"), ...files("proxy")],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // They wait more than they compute, so two go on at once.
        test: {
          name: "page",
          include: files("page"),
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
