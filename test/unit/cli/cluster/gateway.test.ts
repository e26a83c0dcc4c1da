// The settings of `sluice gateway` that are refused before it connects.

import { expect, test } from "vitest";
import { runGateway } from "../../../../src/cli/cluster/gateway.ts";
import { newGatewayId } from "../../../../src/cli/cluster/gateway-id.ts";
import { ConfigError } from "../../../../src/config/config-error.ts";

const CLUSTER = ["--cluster", "nats://127.0.0.1:1"];

test("a gateway requires the address of NATS", async () => {
  const refused = runGateway([], {});
  await expect(refused).rejects.toThrow(ConfigError);
  await expect(refused).rejects.toThrow("gateway --cluster nats://HOST:4222");
});

test("a gateway refuses models of its own", async () => {
  const cases: [string[], string][] = [
    [["--model", "m.gguf"], "--model"],
    [["--models-dir", "models"], "--models-dir"],
    [["--embedding-model", "e.gguf"], "--embedding-model"],
    [["--rerank-model", "r.gguf"], "--rerank-model"],
  ];
  for (const [args, source] of cases)
    await expect(runGateway([...CLUSTER, ...args], {})).rejects.toThrow(
      `${source}: a gateway has no models of its own`,
    );
});

test("the id of a gateway begins with the host's name, and is one word of a NATS subject", () => {
  expect(newGatewayId("gpu-1")).toMatch(/^gpu-1-[0-9a-f]{8}$/);
  expect(newGatewayId("a.example.org")).toMatch(/^a-example-org-[0-9a-f]{8}$/);
  expect(newGatewayId("\u{65e5}.*")).toMatch(/^--[0-9a-f]{8}$/);
  expect(newGatewayId("")).toMatch(/^gateway-[0-9a-f]{8}$/);
  expect(newGatewayId("h")).not.toBe(newGatewayId("h"));
});
