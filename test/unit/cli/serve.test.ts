// What `sluice serve` refuses before it starts anything.

import { expect, test } from "vitest";
import { CommandError } from "../../../src/cli/command-error.ts";
import { runServe } from "../../../src/cli/serve.ts";

test.each([
  [["--cluster", "nats://192.0.2.7"], {}],
  [[], { SLUICE_CLUSTER: "nats://192.0.2.7" }],
])("the address of a cluster, which another command uses", async (flags, env) => {
  const serving = runServe(flags, env);

  await expect(serving).rejects.toBeInstanceOf(CommandError);
  await expect(serving).rejects.toThrow("`sluice node` (computes) and `sluice gateway`");
});
