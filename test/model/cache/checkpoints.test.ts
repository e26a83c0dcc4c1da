// Models whose state cannot be cut at any token: they go back to a checkpoint, and then answer as if they had read everything.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chat, post } from "../../support/clients/sse-client.ts";
import { TOY_MODELS, writeToyModel } from "../../support/gguf/toy-models.ts";
import { type RunningService, startWithModel } from "../../support/start-service.ts";

type Message = { readonly role: string; readonly content: string };
type Answer = {
  readonly text: string;
  readonly prompt: number;
  readonly cached: number;
  /** Of the likeliest first tokens. They change with all tokens that the model has read. */
  readonly logprobs: readonly number[];
};

const SYSTEM: Message = { role: "system", content: `Be exact. ${"Read every word. ".repeat(60)}` };
/** Tokens of the messages around a text of a few words. */
const FEW_TOKENS = 30;
/** Tokens of the beginning of an answer, before which the last checkpoint of a prompt is. */
const OPENING_TOKENS = 4;
/** Tokens that are read in other batches have slightly different results. */
const MOST_ERROR = 0.05;

describe.each(TOY_MODELS)("a %s model", (toy) => {
  let running: RunningService;
  beforeAll(async () => {
    running = await startWithModel({ model: writeToyModel(toy), threads: 1, slots: 1 });
  });
  afterAll(async () => running?.close());

  async function ask(messages: readonly Message[], changes: object = {}): Promise<Answer> {
    const body = {
      messages,
      max_tokens: 1,
      temperature: 0,
      ignore_eos: true,
      logprobs: true,
      top_logprobs: 5,
      ...changes,
    };
    const response = await post(`${running.url}/v1/chat/completions`, chat(body));
    const { choices, usage } = (await response.json()) as {
      choices: [
        {
          message: { content: string };
          logprobs: { content: { top_logprobs: { logprob: number }[] }[] };
        },
      ];
      usage: { prompt_tokens: number; prompt_tokens_details: { cached_tokens: number } };
    };
    return {
      text: choices[0].message.content,
      prompt: usage.prompt_tokens,
      cached: usage.prompt_tokens_details.cached_tokens,
      logprobs: choices[0].logprobs.content.flatMap(({ top_logprobs }) =>
        top_logprobs.map(({ logprob }) => logprob),
      ),
    };
  }

  /** Compares an answer with that of a slot that reads the whole prompt. */
  async function expectRight(answer: Answer, messages: readonly Message[]): Promise<void> {
    const whole = await ask(messages, { cache_prompt: false });
    expect(whole.cached).toBe(0);
    const errors = answer.logprobs.map((logprob, at) =>
      Math.abs(logprob - (whole.logprobs[at] ?? 0)),
    );
    expect(Math.max(...errors)).toBeLessThan(MOST_ERROR);
  }

  const user = (content: string): Message => ({ role: "user", content });
  const assistant = (content: string): Message => ({ role: "assistant", content });

  test("reads the next turn from the end of the last question, where its answer is another", async () => {
    const first = [SYSTEM, user(`First. ${"Tell me more. ".repeat(30)}`)];
    const { prompt } = await ask(first);
    const second = [...first, assistant("Yes."), user("And then?")];
    const answer = await ask(second);

    expect(answer.cached).toBeGreaterThanOrEqual(prompt - OPENING_TOKENS);
    await expectRight(answer, second);
  });

  test("reads an edited question from the end of the answer before it", async () => {
    const first = [SYSTEM, user("Second.")];
    const bias = { logit_bias: await biasTo(" server") };
    const { text, prompt } = await ask(first, { ...bias, max_tokens: 60 });
    const before = [...first, assistant(text)];
    await ask([...before, user(`Which? ${"Tell me more. ".repeat(30)}`)]);
    const edited = [...before, user("What else?")];
    const answer = await ask(edited);

    expect(answer.cached).toBeGreaterThanOrEqual(prompt + 59); // the last token is not computed
    expect(answer.prompt - answer.cached).toBeLessThan(FEW_TOKENS);
    await expectRight(answer, edited);
  });

  test("continues a conversation that lost its slot from memory", async () => {
    const first = [SYSTEM, user(`Long. ${"Tell me everything. ".repeat(200)}`)];
    const bias = { logit_bias: await biasTo(" server") };
    const { text, prompt } = await ask(first, { ...bias, max_tokens: 20 });
    await ask([user(`Another. ${"Tell me nothing. ".repeat(200)}`)]);
    const second = [...first, assistant(text), user("And then?")];
    const answer = await ask(second);

    expect(answer.cached).toBeGreaterThanOrEqual(prompt + 19);
    await expectRight(answer, second);
  });

  test("reads a new conversation from the end of the system prompt, after many turns of another", async () => {
    const other = [SYSTEM];
    for (let turn = 0; turn < 12; turn++) {
      other.push(user(`Turn ${turn}. ${"Tell me more. ".repeat(12)}`));
      await ask(other);
      other.push(assistant("Yes."));
    }
    const fresh = [SYSTEM, user("Something else.")];
    const answer = await ask(fresh);

    expect(answer.prompt - answer.cached).toBeLessThan(FEW_TOKENS);
    expect(answer.cached).toBeGreaterThan(200);
    await expectRight(answer, fresh);
  });

  test.each([60, 100, 140, 180, 220, 260])(
    "answers as if it had read all after a question that is cut at word %i",
    async (words) => {
      await ask([user("word ".repeat(300))]);
      const cut = [user(`${"word ".repeat(words)}or not?`)];

      await expectRight(await ask(cut), cut);
    },
  );

  /** A bias after which every token of an answer is this one. */
  async function biasTo(text: string): Promise<Record<string, number>> {
    const response = await post(`${running.url}/tokenize`, { content: text });
    const { tokens } = (await response.json()) as { tokens: [number] };
    return { [tokens[0]]: 100 };
  }
});
