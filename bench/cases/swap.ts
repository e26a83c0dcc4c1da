// Two models in the memory of one: what does the first token of a model cost that must be loaded in place of the other?

import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { CaseOptions, Figures, StandaloneCase, Target } from "../../src/bench/case.ts";
import { randomPrompt } from "../../src/bench/clients/prompts.ts";
import { allComplete, streamChat } from "../../src/bench/clients/stream-client.ts";
import { median } from "../../src/bench/stats.ts";
import { startSluice } from "../targets/targets.ts";

const SLOTS = 4;
const TIMES = 5;
const ANSWER_TOKENS = 2;
const RAW_LOAD = path.join(import.meta.dirname, "../targets/raw-load.mjs");
const OTHER = "other";

export const swap: StandaloneCase = {
  name: "swap",
  help: `asks two copies of the model in turn, with memory for one: TTFT of a model that must be loaded in place of the other, compared with a process that only loads the file with node-llama-cpp, and with TTFT of the model that is loaded; medians of ${TIMES}`,
  column: "sluice",

  async runAlone(options) {
    const folder = mkdtempSync(path.join(tmpdir(), "sluice-bench-"));
    const other = path.join(folder, `${OTHER}.gguf`);
    copyFileSync(options.modelPath, other);
    try {
      return await measure(options, other);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function measure(options: CaseOptions, other: string): Promise<Figures> {
  const budget = Math.round((await memoryOf(options)) * 1.5);
  const flags = ["--model", `${OTHER}=${other}`, "--memory-budget", String(budget)];
  const started = await startSluice({ ...options, slots: SLOTS }, { name: "swap", flags });
  try {
    const { target } = started;
    const models = [target.model, OTHER];
    for (const model of models) await ttftMs(target, model, options); // each is loaded once before
    const [bare, swapped, warm]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < TIMES; round++) {
      for (const model of models) {
        bare.push(await bareLoadMs(options));
        swapped.push(await ttftMs(target, model, options));
        warm.push(await ttftMs(target, model, options));
      }
    }
    return {
      "swap TTFT ms": median(swapped),
      "loaded TTFT ms": median(warm),
      "bare load ms": median(bare),
      "swap TTFT / bare load": median(swapped) / median(bare),
    };
  } finally {
    started.stop();
  }
}

/** The memory that the model takes, from a server that has loaded it. */
async function memoryOf(options: CaseOptions): Promise<number> {
  const { target, stop } = await startSluice(
    { ...options, slots: SLOTS },
    { name: "alone", flags: [] },
  );
  try {
    const response = await fetch(`${target.url}/v1/models/${target.model}`);
    const { meta } = (await response.json()) as { meta: { memory: { ram: number } } };
    return meta.memory.ram;
  } finally {
    stop();
  }
}

async function ttftMs(
  { url }: Target,
  model: string,
  { promptWords }: CaseOptions,
): Promise<number> {
  const messages = [{ role: "user", content: randomPrompt(promptWords) }];
  const chat = { url, model, messages, tokens: ANSWER_TOKENS };
  const [result] = await allComplete([streamChat(chat)]);
  return result?.ttftMs ?? Number.NaN;
}

/** From the start of the process to its end. */
async function bareLoadMs({ modelPath, contextTokens }: CaseOptions): Promise<number> {
  const startedMs = performance.now();
  const args = [RAW_LOAD, modelPath, contextTokens, SLOTS].map(String);
  const [code] = (await once(spawn(process.execPath, args, { stdio: "inherit" }), "exit")) as [
    number,
  ];
  if (code !== 0) throw new Error(`loading the file alone failed with code ${code}`);
  return performance.now() - startedMs;
}
