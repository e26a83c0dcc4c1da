// One request on a slot, with a scripted sequence in place of the library's: an aborted run takes part in no further decode.

import type { LlamaModel, Token } from "node-llama-cpp";
import { expect, test } from "vitest";
import { Batcher } from "../../../../src/worker/step/batcher.ts";
import { generate } from "../../../../src/worker/step/generate.ts";
import type { GenerateDeps } from "../../../../src/worker/step/prefill.ts";
import { PromptSlices } from "../../../../src/worker/step/prompt-slices.ts";
import { Run } from "../../../../src/worker/step/run.ts";
import { Slot } from "../../../../src/worker/step/slots.ts";
import { PLAIN_PREPARED } from "../../../support/clients/requests.ts";
import { slotsOnly } from "../../../support/engines/slots-only.ts";

const LETTER = "a".charCodeAt(0);

/** A sequence that counts its decodes, and calls `onDecode` while each is computed. */
function scriptedSequence(onDecode: (decode: number) => void) {
  const sequence = {
    decodes: 0,
    nextTokenIndex: 0,
    compareContextTokens: () => ({ firstDifferentIndex: 0 }),
    clearHistory: async () => {},
    async evaluateWithoutGeneratingNewTokens(tokens: Token[]) {
      sequence.nextTokenIndex += tokens.length;
      sequence.decodes += 1;
      onDecode(sequence.decodes);
    },
    async *evaluate() {
      for (;;) {
        sequence.decodes += 1;
        onDecode(sequence.decodes);
        yield LETTER as Token;
      }
    },
  };
  return sequence;
}

/** Generates 1,000 tokens after three slices of a prompt, and aborts the run during one of the decodes; 0: before all of them. */
async function abortDuring(decode: number) {
  const run: Run = new Run({
    id: "r1",
    cacheScope: "",
    request: {
      ...PLAIN_PREPARED,
      promptTokens: Uint32Array.from({ length: 96 }, () => LETTER),
      maxTokens: 1_000,
    },
    creditBytes: 100_000,
    detokenize: (tokens) => Buffer.from(tokens).toString("utf8"),
    controlTokens: () => new Map(),
    grammars: { begin: () => null as never, feed: () => false },
    reasoningEnding: [],
  });
  const sequence = scriptedSequence((count) => {
    if (count === decode) run.abort();
  });
  const slices = new PromptSlices({ batchTokens: 32, targetMs: null });
  const slot = new Slot(0, sequence as unknown as Slot["sequence"]);
  const batcher = new Batcher({ onStep: () => {}, onStepTime: () => {} });
  const deps: GenerateDeps = {
    model: { isEogToken: () => false } as unknown as LlamaModel,
    batcher,
    slices,
    prefixes: slotsOnly([slot], batcher),
    speculation: null,
    emit: () => {},
  };
  if (decode === 0) run.abort();
  const lastEvents = await generate(run, { slot, saved: null }, deps);
  return { lastEvents, decodes: sequence.decodes };
}

test.each([
  ["while its prompt is read", 1, 32],
  ["during its first token", 3, 32],
  ["during a later token", 10, 1],
])("a run that is aborted %s is in no decode after that one", async (_when, decode, wasted) => {
  expect(await abortDuring(decode)).toEqual({
    lastEvents: [{ type: "aborted", id: "r1", tokensAfterAbort: wasted }],
    decodes: decode,
  });
});

test("a run that is aborted before it has a slot is in no decode", async () => {
  expect(await abortDuring(0)).toMatchObject({ lastEvents: [{ type: "aborted" }], decodes: 0 });
});

test("a run that is not aborted takes a decode for each slice and each further token", async () => {
  const { lastEvents, decodes } = await abortDuring(-1);

  expect(lastEvents.at(-1)).toMatchObject({ type: "output", event: { type: "finish" } });
  expect(decodes).toBe(1_002);
});
