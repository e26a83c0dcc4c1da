// One run on one slot of the real model, with messages from the server at awkward moments; and the bounds of a prompt's length
// compared with its real length.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Message, PreparedRequest } from "../../src/generation/request.ts";
import type { LoadedModel } from "../../src/worker/load/model.ts";
import { answerReaderDeps } from "../../src/worker/output/answer-reader.ts";
import { type PrepareDeps, prepare, promptTokens } from "../../src/worker/prompt/prepare.ts";
import { leastTokens } from "../../src/worker/prompt/prompt-bounds.ts";
import { generate } from "../../src/worker/step/generate.ts";
import type { GenerateDeps } from "../../src/worker/step/prefill.ts";
import { Run } from "../../src/worker/step/run.ts";
import type { Slot } from "../../src/worker/step/slots.ts";
import { messagesPrompt, PLAIN_REQUEST } from "../support/clients/requests.ts";
import { loadInProcess } from "../support/engines/load-in-process.ts";
import { slotsOnly } from "../support/engines/slots-only.ts";
import { STEADY_TURN } from "../support/engines/steady-turn.ts";

let loaded: LoadedModel;
beforeAll(async () => {
  loaded = await loadInProcess({ contextTokens: 4_096 });
});
afterAll(async () => loaded.model.dispose());

const prepareDeps = () => ({ ...loaded, contextTokens: loaded.info.contextTokens });

async function newRun(creditBytes: number, changes: Partial<PreparedRequest> = {}): Promise<Run> {
  const prompt = messagesPrompt([{ role: "user", content: "Tell me something." }]);
  const asked = { ...PLAIN_REQUEST, prompt, ignoreEos: true, maxTokens: 500 };
  const request = await prepare({ request: asked }, prepareDeps(), STEADY_TURN);
  return new Run({
    id: "run",
    request: { ...request, ...changes },
    cacheScope: "",
    creditBytes,
    ...answerReaderDeps(loaded, request.output),
  });
}

test("an abort that arrives while a suspended run gives up its cache ends the run", async () => {
  const [slot] = loaded.slots as [Slot];
  const run = await newRun(1, { reusePrefix: false });
  const clear = slot.clear.bind(slot);
  let isParked = false;
  slot.clear = async (batcher) => {
    if (isParked) run.abort();
    await clear(batcher);
  };
  const deps: GenerateDeps = {
    ...loaded,
    prefixes: slotsOnly(loaded.slots, loaded.batcher),
    emit: ({ type }) => {
      if (type !== "parked") return;
      isParked = true;
      setImmediate(() => run.suspend());
    },
  };
  try {
    expect(await generate(run, { slot, saved: null }, deps)).toEqual([
      { type: "suspended", id: "run" },
    ]); // which ends it as well
  } finally {
    slot.clear = clear;
  }
});

const WORDS = [
  "",
  "a",
  " ",
  "\n\n",
  "word ",
  "漢字",
  "😀",
  "<|im_end|>",
  "<|im_start|>",
  "  x",
  "é",
  "\u0000",
];

test("a long prompt has the same tokens whether tokenized in pieces, cut at checkpoints, or at once", async () => {
  const deps = prepareDeps();
  const turn = (index: number): Message =>
    index % 2 === 0
      ? { role: "user", content: `${WORDS[index % WORDS.length]} question ${index} ` }
      : { role: "assistant", content: `\n answer ${index}`, reasoning: null, toolCalls: [] };
  for (const turns of [1, 2, 101, 400]) {
    const prompt = messagesPrompt(Array.from({ length: turns }, (_, index) => turn(index)));
    const { tokens } = await promptTokens(prompt, deps, STEADY_TURN);
    const cut = await promptTokens(prompt, { ...deps, needsPlaces: true }, STEADY_TURN);
    const asOne: PrepareDeps["controlTokens"]["tokenize"] = (text, begin) => begin(text, true);
    const whole = { ...deps, controlTokens: { tokenize: asOne, pattern: null } };
    expect(cut.tokens).toEqual(tokens);
    expect(tokens).toEqual((await promptTokens(prompt, whole, STEADY_TURN)).tokens);
  }
});

test("a prompt never has fewer tokens than its lower bound", async () => {
  const deps = prepareDeps();
  let seed = 1;
  const below = (limit: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % limit;
  };
  for (let round = 0; round < 100; round++) {
    const messages: Message[] = Array.from({ length: 1 + below(40) }, () => {
      const content = (WORDS[below(WORDS.length)] ?? "").repeat(below(200));
      const role = (["user", "assistant", "system", "tool"] as const)[below(4)] ?? "user";
      if (role === "assistant") return { role, content, reasoning: null, toolCalls: [] };
      if (role === "tool") return { role, content, toolCallId: null, name: null };
      return { role, content };
    });
    const prompt = messagesPrompt(messages);
    const { length } = (await promptTokens(prompt, deps, STEADY_TURN)).tokens;
    for (const contextTokens of [256, 1_024, 4_096]) {
      const least = await leastTokens(prompt, { ...deps, contextTokens }, STEADY_TURN);
      if (length < contextTokens) expect(least).toBeLessThanOrEqual(length);
    }
  }
});
