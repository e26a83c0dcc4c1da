// Tiny models with random weights whose state cannot be cut at any token: how much of a prompt is read again?

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { CaseOptions, Figures, StandaloneCase, Target } from "../../src/bench/case.ts";
import { computedTokens } from "../../src/bench/clients/bench-chat.ts";
import { randomPrompt } from "../../src/bench/clients/prompts.ts";
import { allComplete, streamChat } from "../../src/bench/clients/stream-client.ts";
import { TOY_MODELS, type ToyModel, writeToyModel } from "../../test/support/gguf/toy-models.ts";
import { startSluice } from "../targets/targets.ts";

const SLOTS = 1;
const SYSTEM_WORDS = 300;
const QUESTION_WORDS = 60;
const ANSWER_TOKENS = 32;

export const state: StandaloneCase = {
  name: "state",
  help: `starts Sluice with one slot on a hybrid and a sliding-window model with random weights: prompt tokens computed in the second turn of a chat, for its edited question, and for another chat with the same system prompt of ${SYSTEM_WORDS} words`,
  column: "sluice",

  async runAlone(options) {
    const folder = mkdtempSync(path.join(tmpdir(), "sluice-bench-"));
    try {
      const figures: Record<string, number> = {};
      for (const toy of TOY_MODELS) Object.assign(figures, await measure(toy, folder, options));
      return figures;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function measure(
  toy: ToyModel,
  folder: string,
  { contextTokens, threads }: CaseOptions,
): Promise<Figures> {
  const options = { modelPath: writeToyModel(toy, folder), slots: SLOTS, contextTokens, threads };
  const { target, stop } = await startSluice(options, { name: toy, flags: [] });
  try {
    const system = { role: "system", content: randomPrompt(SYSTEM_WORDS) };
    const first = [system, question()];
    await computed(target, first);
    const answered = [...first, { role: "assistant", content: "Yes." }]; // not what it answered: reasoning is left out so, too
    return {
      [`${toy} turn 2 computed tokens`]: await computed(target, [...answered, question()]),
      [`${toy} edited question computed tokens`]: await computed(target, [...answered, question()]),
      [`${toy} other chat computed tokens`]: await computed(target, [system, question()]),
    };
  } finally {
    stop();
  }
}

function question() {
  return { role: "user", content: randomPrompt(QUESTION_WORDS) };
}

async function computed(
  { url, model }: Target,
  messages: readonly { readonly role: string; readonly content: string }[],
): Promise<number> {
  const [result] = await allComplete([streamChat({ url, model, messages, tokens: ANSWER_TOKENS })]);
  return result ? computedTokens(result) : Number.NaN;
}
