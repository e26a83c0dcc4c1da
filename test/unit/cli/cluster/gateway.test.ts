// The settings of `sluice gateway` that are refused before it connects.

import { expect, test } from "vitest";
import { runGateway } from "../../../../src/cli/cluster/gateway.ts";
import { ConfigError } from "../../../../src/config/config-error.ts";

const CLUSTER = ["--cluster", "nats://127.0.0.1:1"];

test("a gateway requires the address of NATS", async () => {
  const refused = runGateway([], {});
  await expect(refused).rejects.toThrow(ConfigError);
  await expect(refused).rejects.toThrow("gateway --cluster nats://HOST:4222");
});

test("a gateway refuses models of its own, however they are given", async () => {
  const cases: [string[], NodeJS.ProcessEnv, string][] = [
    [["--model", "m.gguf"], {}, "--model"],
    [["--models-dir", "models"], {}, "--models-dir"],
    [["--embedding-model", "e.gguf"], {}, "--embedding-model"],
    [[], { SLUICE_RERANK_MODEL: "r.gguf" }, "SLUICE_RERANK_MODEL"],
  ];
  for (const [args, env, source] of cases)
    await expect(runGateway([...CLUSTER, ...args], env)).rejects.toThrow(
      `${source}: a gateway has no models of its own`,
    );
});
