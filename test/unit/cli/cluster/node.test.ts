// What `sluice node` refuses before it starts anything.

import { expect, test } from "vitest";
import { runNode } from "../../../../src/cli/cluster/node.ts";
import { CommandError } from "../../../../src/cli/command-error.ts";

test("a node requires the address of a cluster", async () => {
  const running = runNode([], {});
  await expect(running).rejects.toBeInstanceOf(CommandError);
  await expect(running).rejects.toThrow("node --cluster nats://HOST:4222");
});

test("a node checks its model files as the server does", async () => {
  const flags = ["--cluster", "nats://192.0.2.7", "--model", "/nowhere/x.gguf"];
  await expect(runNode(flags, {})).rejects.toThrow("--model: there is no file /nowhere/x.gguf");
});
