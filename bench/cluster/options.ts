// The options of the cluster benchmark, and the model and the request that its processes share.

import { parseArgs } from "node:util";
import type { ModelInfo } from "../../src/generation/model-info.ts";
import type { PreparedRequest } from "../../src/generation/request.ts";
import { PLAIN_OUTPUT } from "../../src/generation/request.ts";
import { PACED_MODEL } from "../targets/paced-engine.ts";

export type ClusterBenchOptions = {
  readonly nodes: number;
  readonly streams: number;
  /** The sum over all streams. */
  readonly tokensPerSecond: number;
  readonly seconds: number;
  /** Address of NATS; empty in the parent process. */
  readonly nats: string;
};

export const MODEL_KEY = "paced";

/** @throws Error for an option that is not known, or no number */
export function readClusterOptions(args: readonly string[]): ClusterBenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      nodes: { type: "string", default: "50" },
      streams: { type: "string", default: "5000" },
      rate: { type: "string", default: "20000" },
      seconds: { type: "string", default: "20" },
      nats: { type: "string", default: "" },
    },
  });
  const number = (text: string) => {
    if (/^[1-9]\d*$/.test(text)) return Number(text);
    throw new Error(`"${text}" is not a number`);
  };
  return {
    nodes: number(values.nodes),
    streams: number(values.streams),
    tokensPerSecond: number(values.rate),
    seconds: number(values.seconds),
    nats: values.nats,
  };
}

/** The arguments for a child process. */
export function toArguments(options: ClusterBenchOptions): readonly string[] {
  const { nodes, streams, tokensPerSecond, seconds, nats } = options;
  const pairs = { nodes, streams, rate: tokensPerSecond, seconds, nats };
  return Object.entries(pairs).map(([name, value]) => `--${name}=${value}`);
}

/** Time between the steps of a node: each step is one token for each stream. */
export function stepMsOf({ streams, tokensPerSecond }: ClusterBenchOptions): number {
  return (1000 * streams) / tokensPerSecond;
}

function slotsPerNode({ streams, nodes }: ClusterBenchOptions): number {
  return Math.ceil(streams / nodes);
}

export function modelOf(options: ClusterBenchOptions): ModelInfo {
  return { ...PACED_MODEL, slots: slotsPerNode(options), contextTokens: 1_000_000 };
}

/** Streams end when their reader leaves. */
export const REQUEST: PreparedRequest = {
  promptTokens: Uint32Array.from({ length: 64 }, (_, index) => index),
  maxTokens: 100_000,
  output: PLAIN_OUTPUT,
  checkpoints: null,
  sampling: {
    ...{ temperature: 0, topP: 1, topK: 0, minP: 0, seed: 1 },
    ...{ presencePenalty: 0, frequencyPenalty: 0, repeatPenalty: 1, penaltyTokens: 0 },
    logitBias: [],
  },
  stop: [],
  minTokens: 0,
  ignoreEos: false,
  logprobs: null,
  echoesPrompt: false,
  reportsProgress: false,
  reusePrefix: true,
};
