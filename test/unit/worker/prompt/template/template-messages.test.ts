// Messages in the form that a template reads, and tools in a template that does not describe them.

import { expect, test } from "vitest";
import type { Message } from "../../../../../src/generation/request.ts";
import {
  type MessageForm,
  templateMessages,
} from "../../../../../src/worker/prompt/template/template-messages.ts";
import { messagesPrompt } from "../../../../support/clients/requests.ts";
import { templateOf } from "../../../../support/engines/chat-template.ts";
import { compiledTools } from "../../../../support/engines/compile-schemas.ts";

const CALLED: readonly Message[] = [
  { role: "user", content: "Weather?" },
  {
    role: "assistant",
    content: "",
    reasoning: "I need a tool.",
    toolCalls: [{ id: "call_abc", name: "get_weather", arguments: { city: "Rome" } }],
  },
  { role: "tool", content: "sunny", toolCallId: "call_abc", name: "get_weather" },
];

const FORM: MessageForm = {
  contentAs: "text",
  reasoningAs: "field",
  calls: { argumentsAs: "object", emptyContent: "", hasShortIds: false },
};

test("creates stable ids of nine letters and digits for a template that requires them", () => {
  const calls = { argumentsAs: "object", emptyContent: "", hasShortIds: true } as const;

  const [, answer, result] = templateMessages(CALLED, { ...FORM, calls });

  const [call] = (answer?.tool_calls ?? []) as unknown as { id: string }[];
  expect(call?.id).toMatch(/^[a-z0-9]{9}$/);
  expect(result?.tool_call_id).toBe(call?.id);
});

test("passes the reasoning of earlier answers under both names that templates use", () => {
  expect(templateMessages(CALLED, FORM)[1]).toMatchObject({
    reasoning_content: "I need a tool.",
    thinking: "I need a tool.",
  });
});

test("gives content as a list of parts, and reasoning as one of them", () => {
  const parts = templateMessages(CALLED, { ...FORM, contentAs: "parts", reasoningAs: "part" });

  expect(parts.map(({ content }) => content)).toEqual([
    [{ type: "text", text: "Weather?" }],
    [{ type: "thinking", thinking: "I need a tool." }],
    [{ type: "text", text: "sunny" }],
  ]);
});

const CHATML =
  "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
const NO_SYSTEM = `{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}${CHATML}`;
const TOOLS = {
  ...compiledTools({ get_weather: {} }),
  callable: ["get_weather"],
  isRequired: false,
  isParallel: true,
};

const CONTROL_TEXTS = ["<|im_start|>", "<|im_end|>"];

function textOf(source: string, ...args: Parameters<typeof messagesPrompt>): string {
  return templateOf(source, { controlTexts: CONTROL_TEXTS })
    .render(messagesPrompt(...args))
    .map(({ text }) => text)
    .join("");
}

test("describes tools in a system message if the template does not support them", () => {
  const text = textOf(CHATML, [{ role: "user", content: "Weather?" }], { tools: TOOLS });

  expect(templateOf(CHATML, { controlTexts: CONTROL_TEXTS }).toolFormat.name).toBe("generic");
  expect(text).toMatch(/^<\|im_start\|>system\nYou can call functions/);
  expect(text).toContain('{"name":"get_weather"}');
});

test("appends tools to the system message, or to the first user message if the template rejects system messages", () => {
  const system: Message = { role: "system", content: "Be brief." };
  const user: Message = { role: "user", content: "Weather?" };

  expect(textOf(CHATML, [system, user], { tools: TOOLS })).toContain(
    "system\nBe brief.\n\nYou can call",
  );
  expect(textOf(NO_SYSTEM, [user], { tools: TOOLS })).toMatch(
    /^<\|im_start\|>user\nWeather\?\n\nYou can call/,
  );
});

test("writes earlier calls and results as text for a template that does not support them", () => {
  const text = textOf(CHATML, CALLED);

  expect(text).toContain(
    '<tool_call>\n{"name":"get_weather","arguments":{"city":"Rome"}}\n</tool_call>',
  );
  expect(text).toContain("<|im_start|>user\n<tool_response>\nsunny\n</tool_response>");
});

test("ends the prompt inside the last message if the answer continues it", () => {
  const messages: Message[] = [
    { role: "user", content: "Count." },
    { role: "assistant", content: "1, 2, ", reasoning: null, toolCalls: [] },
  ];

  const text = textOf(CHATML, messages, { continuesLast: true });

  expect(text).toBe("<|im_start|>user\nCount.<|im_end|>\n<|im_start|>assistant\n1, 2, ");
});

test("passes the reasoning options on to a template that has variables for them", () => {
  const source = `${CHATML}{% if enable_thinking %}<think>{{ reasoning_effort }}{% endif %}`;
  const messages: Message[] = [{ role: "user", content: "Hi" }];
  const thinking = (effort: string | null) => ({
    reasoning: { effort, budgetTokens: null, isSeparate: true },
  });

  expect(textOf(source, messages, thinking("high"))).toMatch(/<think>high$/);
  expect(textOf(source, messages, thinking("none"))).not.toContain("<think>");
  expect(textOf(CHATML, messages, thinking("high"))).toBe(textOf(CHATML, messages));
});
