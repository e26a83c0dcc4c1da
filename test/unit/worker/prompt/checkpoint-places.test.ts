// Where a model with state saves it: at the ends of what later prompts repeat.

import { expect, test } from "vitest";
import { ServiceError } from "../../../../src/errors.ts";
import type { Message } from "../../../../src/generation/request.ts";
import { checkpointPlaces } from "../../../../src/worker/prompt/checkpoint-places.ts";
import { type MessagesPrompt, messagesPrompt } from "../../../support/clients/requests.ts";
import { templateOf } from "../../../support/engines/chat-template.ts";

const SYSTEM: Message = { role: "system", content: "Be short." };
const user = (content: string): Message => ({ role: "user", content });
const assistant = (content: string): Message => ({
  role: "assistant",
  content,
  reasoning: null,
  toolCalls: [],
});
const RESULT: Message = { role: "tool", content: "42", toolCallId: null, name: null };

const TEMPLATE = `{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}
{%- if add_generation_prompt %}<assistant>{% endif %}`;
const REASONING_TEMPLATE = TEMPLATE.replace("<assistant>", "<assistant><think>");

/** @returns the prompt's text up to each place; a character is a token */
async function textsUpTo(prompt: MessagesPrompt, source: string) {
  const template = templateOf(source);
  const textOf = (other: MessagesPrompt) =>
    template
      .render(other)
      .map(({ text }) => text)
      .join("");
  const tokensOf = (text: string) => Array.from(text, (char) => char.charCodeAt(0));
  const text = textOf(prompt);
  const places = await checkpointPlaces(prompt, tokensOf(text), async (other) =>
    tokensOf(textOf(other)),
  );
  return { system: text.slice(0, places.system), turn: text.slice(0, places.turn) };
}

test("the system prompt ends where the first question begins", async () => {
  const prompt = messagesPrompt([SYSTEM, user("Hi"), assistant("Hello"), user("Who are you?")]);

  expect((await textsUpTo(prompt, TEMPLATE)).system).toBe("<system>Be short.<user>");
});

test("the turn ends one token before the prompt if the answer follows it in later prompts too", async () => {
  const prompt = messagesPrompt([SYSTEM, user("Hi")]);

  expect((await textsUpTo(prompt, TEMPLATE)).turn).toBe("<system>Be short.<user>Hi<assistant");
});

test("the turn ends before the beginning of the reasoning, which later prompts leave out", async () => {
  const prompt = messagesPrompt([user("Hi"), assistant("Hello"), user("Who are you?")]);

  expect((await textsUpTo(prompt, REASONING_TEMPLATE)).turn).toBe(
    "<user>Hi<assistant>Hello<user>Who are you?<assistant>",
  );
});

test("after a tool's result, the turn ends where the next answer of the same turn begins", async () => {
  const prompt = messagesPrompt([user("How much?"), assistant("Let me see."), RESULT]);
  const { turn } = await textsUpTo(prompt, REASONING_TEMPLATE);

  expect(turn).toMatch(/42.*<assistant>$/s);
});

test("a prompt that continues an answer has no end of a turn", async () => {
  const prompt = messagesPrompt([SYSTEM, user("Hi"), assistant("Hel")], { continuesLast: true });

  expect(await textsUpTo(prompt, TEMPLATE)).toEqual({
    system: "<system>Be short.<user>",
    turn: "",
  });
});

test("a template that rejects a conversation which no client sent has no places", async () => {
  const reject = async () => {
    throw new ServiceError("template_error", "roles must alternate");
  };

  expect(await checkpointPlaces(messagesPrompt([user("Hi")]), [1, 2, 3], reject)).toEqual({
    system: 0,
    turn: 0,
  });
});
