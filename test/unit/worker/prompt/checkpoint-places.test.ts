// Where a model with state saves it: before the control tokens from which on later prompts differ.

import { expect, test } from "vitest";
import { ServiceError } from "../../../../src/errors.ts";
import type { Message } from "../../../../src/generation/request.ts";
import { cutAtPlaces } from "../../../../src/worker/prompt/checkpoint-places.ts";
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

const TEMPLATE = `{% for m in messages %}^{{ m.role }} {{ m.content }}.{% endfor %}
{%- if add_generation_prompt %}^assistant {% endif %}`;
const REASONING_TEMPLATE = TEMPLATE.replace("^assistant ", "^assistant <think>");
const CONTROL_TOKEN = "^";

/** @returns the text of each part; a control token is a `^` that the template writes */
async function partsOf(prompt: MessagesPrompt, source = TEMPLATE) {
  const template = templateOf(source, { controlTexts: [CONTROL_TOKEN] });
  const parts = await cutAtPlaces(prompt, template.render(prompt), {
    render: async (other) => template.render(other),
    controlTokens: /\^/g,
  });
  return parts.map((part) => part.map(({ text }) => text).join(""));
}

test("cuts where the first question begins, and where the answer begins", async () => {
  const prompt = messagesPrompt([SYSTEM, user("Hi"), assistant("Hello"), user("Why?")]);

  expect(await partsOf(prompt)).toEqual([
    "^system Be short..",
    "^user Hi.^assistant Hello.^user Why?.",
    "^assistant ",
  ]);
});

test("cuts before reasoning that the template opens, because later prompts leave it out", async () => {
  const [, , rest] = await partsOf(messagesPrompt([user("Hi")]), REASONING_TEMPLATE);

  expect(rest).toBe("^assistant <think>");
});

test("cuts where the next answer begins after the result of a tool", async () => {
  const prompt = messagesPrompt([user("How much?"), assistant("Let me see."), RESULT]);
  const [, turn, rest] = await partsOf(prompt, REASONING_TEMPLATE);

  expect(turn).toContain("42");
  expect(rest).toBe("^assistant <think>");
});

test("cuts at no control token that a client wrote", async () => {
  const prompt = messagesPrompt([{ role: "system", content: "^a ^b" }, user("^c")]);

  expect(await partsOf(prompt)).toEqual(["^system ^a ^b.", "^user ^c.", "^assistant "]);
});

test("cuts only after the system prompt if the prompt continues an answer", async () => {
  const prompt = messagesPrompt([SYSTEM, user("Hi"), assistant("Hel")], { continuesLast: true });

  expect(await partsOf(prompt)).toEqual(["^system Be short..", "", "^user Hi.^assistant Hel"]);
});

test("does not cut if the template rejects conversations that no client sent", async () => {
  const prompt = messagesPrompt([user("Hi")]);
  const segments = [{ text: "^user Hi.", isLiteral: false }];
  const render = async () => {
    throw new ServiceError("template_error", "roles must alternate");
  };

  expect(await cutAtPlaces(prompt, segments, { render, controlTokens: /\^/g })).toEqual([
    [],
    [],
    segments,
  ]);
});
