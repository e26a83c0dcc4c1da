// Settings that a node or a gateway does not use are named at its start.

import { expect, test } from "vitest";
import { warnOfUnused } from "../../../../src/cli/cluster/warn-of-unused.ts";
import type { ClusterRole } from "../../../../src/config/cluster-roles.ts";
import { readCommandLine } from "../../../../src/config/command-line.ts";

const CLUSTER = ["--cluster", "nats://127.0.0.1:1", "--port", "0", "--log-level", "warn"];

function warningsOf(role: ClusterRole, args: string[], env: NodeJS.ProcessEnv = {}) {
  const command = readCommandLine([...CLUSTER, ...args], env);
  const lines: string[] = [];
  if (command.type === "serve")
    warnOfUnused(role, command, { warn: (line: string) => lines.push(line) });
  return lines;
}

test("a node names the settings that only gateways use, however they are given, in one line", () => {
  const args = ["--audit", "a.jsonl", "--slots", "2", "--otlp-endpoint", "http://localhost:4318"];
  expect(warningsOf("node", args, { SLUICE_QUEUE: "5", SLUICE_MODELS_DIR: "/models" })).toEqual([
    expect.stringContaining("settings: SLUICE_MODELS_DIR, SLUICE_QUEUE, --audit, --otlp-endpoint;"),
  ]);
});

test("a gateway names the settings of models, memory and threads, and the models of a shared file or variable", () => {
  const args = [
    "--slots",
    "2",
    "--gpu",
    "off",
    "--context",
    "512",
    "--cache-ram",
    "0",
    "--queue",
    "5",
  ];
  expect(warningsOf("gateway", args, { SLUICE_MODEL: "a.gguf", SLUICE_THREADS: "2" })).toEqual([
    expect.stringContaining(
      ": SLUICE_MODEL, --slots, --context, --gpu, SLUICE_THREADS, --cache-ram;",
    ),
  ]);
});

test("an alias is a name of a node's model, and '*' a decision of the gateways", () => {
  expect(warningsOf("node", ["--alias", "gpt-4o"])).toEqual([]);
  expect(warningsOf("gateway", ["--alias", "*"])).toEqual([]);
  expect(warningsOf("node", ["--alias", "*"])).toEqual([expect.stringContaining(": --alias")]);
  expect(warningsOf("gateway", ["--alias", "x"])).toEqual([expect.stringContaining(": --alias")]);
});

test("settings that have an effect are not named", () => {
  const both = ["--api-key", "k", "--resume-grace", "5", "--cluster-name", "c"];
  expect(warningsOf("node", [...both, "--node-name", "a", "--slots", "2"])).toEqual([]);
  expect(warningsOf("gateway", [...both, "--queue", "5", "--audit", "a.jsonl"])).toEqual([]);
});
