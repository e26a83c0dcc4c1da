// Preparing a request: whether its prompt fits, how it starts, and that no more of it is read than necessary.

import type { LlamaModel } from "node-llama-cpp";
import { expect, test } from "vitest";
import { ServiceError } from "../../../../src/errors.ts";
import type { GenerateRequest, Message } from "../../../../src/generation/request.ts";
import {
  type PrepareDeps,
  prepare as prepareInTurn,
} from "../../../../src/worker/prompt/prepare.ts";
import type { ChatTemplate } from "../../../../src/worker/prompt/template/chat-template.ts";
import { messagesPrompt, PLAIN_REQUEST } from "../../../support/clients/requests.ts";
import { templateOf } from "../../../support/engines/chat-template.ts";
import { STEADY_TURN } from "../../../support/engines/steady-turn.ts";

const BOS = 1;
const EOS = 2;
type ModelTokens = { bos: number | null; eos: number | null; shouldPrependBosToken: boolean };

/** One token per character, its code; `^` is BOS where control tokens are read. Records its calls. */
function fakeModel(tokens: Partial<ModelTokens> = {}) {
  const calls: [text: string, readsControlTokens: boolean, options: string | undefined][] = [];
  const model = {
    tokens: { bos: BOS, eos: EOS, shouldPrependBosToken: false, ...tokens },
    tokenize(text: string, readsControlTokens: boolean, options?: string) {
      calls.push([text, readsControlTokens, options]);
      const isBos = (char: string) => readsControlTokens && char === "^";
      return Array.from(text, (char) => (isBos(char) ? BOS : char.charCodeAt(0)));
    },
  } as unknown as LlamaModel; // the two members that prepare() uses
  return { model, calls };
}

function deps(options: Partial<PrepareDeps> = {}): PrepareDeps {
  return {
    model: fakeModel().model,
    grammars: { check: () => {} },
    template: null,
    templateProblem: null,
    reasoningFormat: null,
    contextTokens: 10,
    controlTokens: { tokenize: (text, begin) => begin(text, true), pattern: /\^/g },
    vocabularySize: 50,
    messageTokens: 1,
    needsCheckpoints: false,
    longestTokenChars: 1_000_000, // no bound before tokenizing, unless a test sets one
    ...options,
  };
}

function text(prompt: string): GenerateRequest {
  return { ...PLAIN_REQUEST, prompt: { type: "text", text: prompt } };
}

function chat(...contents: string[]): GenerateRequest {
  const messages: Message[] = contents.map((content) => ({ role: "user", content }));
  return { ...PLAIN_REQUEST, prompt: messagesPrompt(messages) };
}

function biased(token: number): GenerateRequest {
  const request = text("a");
  return { ...request, sampling: { ...request.sampling, logitBias: [[token, 5]] } };
}

function template(source: string, controlTexts: readonly string[] = ["^"]): ChatTemplate {
  return templateOf(source, { controlTexts, bosText: "^" });
}

function prepare(request: GenerateRequest, options: PrepareDeps, isTrial = false) {
  return prepareInTurn({ request, isTrial }, options, STEADY_TURN);
}

async function refusalOf(
  request: GenerateRequest,
  options: PrepareDeps,
  isTrial = false,
): Promise<ServiceError> {
  try {
    await prepare(request, options, isTrial);
  } catch (error) {
    if (error instanceof ServiceError) return error;
  }
  throw new Error("was not refused");
}

test("tokenizes the prompt, and leaves the rest of the context for the answer", async () => {
  const prepared = await prepare(text("abc"), deps());

  expect(prepared.promptTokens).toEqual(Uint32Array.of(97, 98, 99));
  expect(prepared.maxTokens).toBe(7);
  expect("prompt" in prepared).toBe(false);
});

test.each([
  [5, 5],
  [100, 7],
])("allows %i tokens as %i where 7 are left", async (wanted, allowed) => {
  expect((await prepare({ ...text("abc"), maxTokens: wanted }, deps())).maxTokens).toBe(allowed);
});

test("accepts a prompt that leaves room for one token, and rejects one that leaves none", async () => {
  expect((await prepare(text("123456789"), deps())).maxTokens).toBe(1);

  const refusal = await refusalOf(text("1234567890"), deps());

  expect(refusal.code).toBe("context_length_exceeded");
  expect(refusal.field).toBe("prompt");
  expect(refusal.message).toContain("the prompt has 10 tokens");
  expect(refusal.message).toContain("context holds 10 tokens");
});

test("names messages as the invalid field when a chat is too long", async () => {
  const options = deps({ template: template("{{ messages[0].content }}") });

  expect((await refusalOf(chat("12345678901"), options)).field).toBe("messages");
});

test("puts BOS before a prompt for a model that requires it", async () => {
  const { model } = fakeModel({ shouldPrependBosToken: true });

  expect([...(await prepare(text("a"), deps({ model }))).promptTokens]).toEqual([BOS, 97]);
});

test("adds no second BOS if the template has written one", async () => {
  const { model } = fakeModel({ shouldPrependBosToken: true });
  const options = deps({ model, template: template("{{ bos_token }}{{ messages[0].content }}") });

  expect([...(await prepare(chat("a"), options)).promptTokens]).toEqual([BOS, 97]);
});

test("does not accept a BOS that a client wrote as the prompt's BOS", async () => {
  const { model } = fakeModel({ shouldPrependBosToken: true });
  const options = deps({ model, template: template("{{ messages[0].content }}") });

  expect([...(await prepare(chat("^a"), options)).promptTokens]).toEqual([
    BOS,
    "^".charCodeAt(0),
    97,
  ]);
});

test.each([
  [{ bos: BOS, eos: EOS, shouldPrependBosToken: false }, BOS],
  [{ bos: null, eos: EOS, shouldPrependBosToken: true }, EOS],
  [{ bos: null, eos: null, shouldPrependBosToken: true }, 0],
])("starts an empty prompt somewhere, with %j at %i", async (tokens, start) => {
  const { model } = fakeModel(tokens);

  expect([...(await prepare(text(""), deps({ model }))).promptTokens]).toEqual([start]);
});

test("reads a prompt once for a model that can go back to any token", async () => {
  const { model, calls } = fakeModel();

  const { checkpoints } = await prepare(text("abc"), deps({ model }));

  expect(checkpoints).toBeNull();
  expect(calls).toHaveLength(1);
});

test("finds where to save the state of a model that needs checkpoints, unless the prompt leaves nothing in the cache", async () => {
  const shown = template("{% for m in messages %}^{{ m.content }}{% endfor %}^");
  const options = deps({ needsCheckpoints: true, template: shown });

  expect((await prepare(chat("Hi"), options)).checkpoints).toEqual({ system: 0, turn: 3 });
  expect((await prepare(text("abc"), options)).checkpoints).toEqual({ system: 0, turn: 2 });
  const uncached = { ...chat("Hi"), reusePrefix: false };
  expect((await prepare(uncached, options)).checkpoints).toBeNull();
});

test("rejects a biased token outside the vocabulary, naming it and the allowed range", async () => {
  const refusal = await refusalOf(biased(50), deps());

  expect(refusal.code).toBe("invalid_value");
  expect(refusal.field).toBe("logitBias");
  expect(refusal.message).toBe("logitBias has the token 50; this model's tokens are 0 to 49");
});

test("accepts a bias on the last token of the vocabulary", async () => {
  expect((await prepare(biased(49), deps())).sampling.logitBias).toEqual([[49, 5]]);
});

test("rejects a chat with a model without a template, and says what to use", async () => {
  const refusal = await refusalOf(chat("Hi"), deps());

  expect(refusal.code).toBe("template_error");
  expect(refusal.message).toContain("/v1/completions");
});

test("reads no control tokens in client text, and adds a leading space only at the start", async () => {
  const { model, calls } = fakeModel();
  const options = deps({ model, template: template("^{{ messages[0].content }}!") });

  await prepare(chat("a^b"), options);

  expect(calls).toEqual([
    ["^a", true, undefined],
    ["^", false, "trimLeadingSpace"],
    ["b!", true, "trimLeadingSpace"],
  ]);
});

test("counts the tokens of a prompt that does not fit", async () => {
  const refusal = await refusalOf(text("x".repeat(60_000)), deps());

  expect(refusal.counts).toEqual({ promptTokens: 60_000, contextTokens: 10 });
  expect(refusal.message).toContain("the prompt has 60000 tokens, but the context holds 10 tokens");
});

test("counts all messages of a chat that does not fit", async () => {
  const options = deps({
    template: template("{% for m in messages %}{{ m.content }}{% endfor %}"),
  });

  const refusal = await refusalOf(chat("x".repeat(9_000), "y".repeat(9_000)), options);

  expect(refusal.counts?.promptTokens).toBe(18_000);
});

test("only estimates the tokens of a text that would take long to count, and says so", async () => {
  const { model, calls } = fakeModel();

  const refusal = await refusalOf(text("x".repeat(1_000_000)), deps({ model }));

  expect(refusal.message).toContain("the prompt has about 1000000 tokens");
  expect(refusal.counts?.promptTokens).toBe(1_000_000);
  expect(calls.length).toBeLessThan(20);
});

test("neither renders nor counts a trial that cannot fit", async () => {
  const { model, calls } = fakeModel();

  const refusal = await refusalOf(chat("x".repeat(10_000)), deps({ model }), true);

  expect(refusal.code).toBe("context_length_exceeded");
  expect(calls).toHaveLength(1);
});

test("tokenizes a long text in slices, and has all of its tokens", async () => {
  const { model, calls } = fakeModel();

  const prepared = await prepare(
    text("xy ".repeat(10_000)),
    deps({ model, contextTokens: 50_000 }),
  );

  expect(Math.max(...calls.map(([piece]) => piece.length))).toBeLessThanOrEqual(2_048);
  expect(String.fromCharCode(...prepared.promptTokens)).toBe("xy ".repeat(10_000));
  expect(prepared.maxTokens).toBe(20_000);
});

test("estimates from the number of messages, too", async () => {
  const messages = Array.from({ length: 6_000 }, () => ({ role: "user" as const, content: "" }));
  const request: GenerateRequest = { ...PLAIN_REQUEST, prompt: messagesPrompt(messages) };

  expect((await refusalOf(request, deps({ messageTokens: 4 }))).counts?.promptTokens).toBe(29_999);
});
