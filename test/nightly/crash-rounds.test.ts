// A short run of `npm run crash-rounds`: it must start, and its checks must pass.

import { spawn } from "node:child_process";
import path from "node:path";
import { expect, test } from "vitest";

const FOLDER = path.join(import.meta.dirname, "../soak");

async function run(command: string, ...args: string[]) {
  const child = spawn(process.execPath, [
    "--import",
    "tsx",
    path.join(FOLDER, `${command}.ts`),
    ...args,
  ]);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (text += bytes));
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { code, text };
}

test("the worker dies ten times under eight clients, and nothing is lost or left", async () => {
  const { code, text } = await run(
    "crash-rounds",
    "--rounds",
    "10",
    "--clients",
    "8",
    "--seed",
    "1",
  );

  expect(text).toMatch(/10 kills \(.+\) in \d+ s\n\d+ requests: .+\n.+\n0 faults/);
  expect(code).toBe(0);
}, 120_000);

test.each(["crash-rounds", "cluster-rounds", "soak", "abuse"])(
  "%s explains itself, and refuses what it does not know",
  async (command) => {
    const [help, wrong] = await Promise.all([run(command, "--help"), run(command, "--seed", "x")]);

    expect([help.code, wrong.code]).toEqual([0, 1]);
    expect(help.text).toContain("--seed N");
    expect(wrong.text).toContain("--seed is x; use a whole number above 0");
  },
);
