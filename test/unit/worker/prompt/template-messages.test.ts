// How a template is found out to take calls, and what it then gets.

import { expect, test } from "vitest";
import type { Message } from "../../../../src/generation/request.ts";
import { ChatTemplate } from "../../../../src/worker/prompt/chat-template.ts";
import {
  findCallForm,
  type TemplateMessage,
  templateMessages,
} from "../../../../src/worker/prompt/template-messages.ts";
import { messagesPrompt } from "../../../support/clients/requests.ts";
import { compiledTool } from "../../../support/engines/compile-schemas.ts";

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

type Call = { readonly function: { readonly name: string; readonly arguments: unknown } };

/** A template that writes messages and calls, and handles arguments in its own way. */
function renderWith(argumentsText: (given: unknown) => string) {
  return (messages: readonly TemplateMessage[]) =>
    messages
      .map(({ content, tool_calls: calls }) => {
        const shown = ((calls ?? []) as unknown as Call[]).map(
          ({ function: { name, arguments: args } }) => `${name}${argumentsText(args)}`,
        );
        return `${content}${shown.join("")}`;
      })
      .join("\n");
}

test("finds that a template takes arguments as an object", () => {
  const render = renderWith((given) => JSON.stringify(given));

  expect(findCallForm("", render)).toEqual({
    argumentsAs: "object",
    emptyContent: "",
    hasShortIds: false,
  });
});

test("finds that a template takes arguments as their text", () => {
  const render = renderWith((given) => {
    if (typeof given !== "string") throw new Error("cannot join an object to a text");
    return given;
  });

  expect(findCallForm("", render)?.argumentsAs).toBe("text");
});

test("finds that a template writes calls only where there is no content at all", () => {
  const render = (messages: readonly TemplateMessage[]) => {
    const isBare = messages[1]?.content === null;
    return isBare ? renderWith((given) => JSON.stringify(given))(messages) : "";
  };

  expect(findCallForm("", render)?.emptyContent).toBeNull();
});

test("finds that a template knows no calls", () => {
  expect(findCallForm("", () => "question")).toBeNull();
  expect(
    findCallForm("", () => {
      throw new Error("roles must alternate");
    }),
  ).toBeNull();
});

test("makes ids of nine letters and digits where a template wants those, the same each time", () => {
  const form = { argumentsAs: "object", emptyContent: "", hasShortIds: true } as const;

  const [, answer, result] = templateMessages(CALLED, form);

  const [call] = (answer?.tool_calls ?? []) as unknown as { id: string }[];
  expect(call?.id).toMatch(/^[a-z0-9]{9}$/);
  expect(result?.tool_call_id).toBe(call?.id);
});

test("gives thoughts of earlier answers under both names that templates have for them", () => {
  const form = { argumentsAs: "object", emptyContent: "", hasShortIds: false } as const;

  expect(templateMessages(CALLED, form)[1]).toMatchObject({
    reasoning_content: "I need a tool.",
    thinking: "I need a tool.",
  });
});

const CHATML =
  "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
const NO_SYSTEM = `{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}${CHATML}`;
const TOOLS = {
  tools: [compiledTool("get_weather", {})],
  callable: ["get_weather"],
  isRequired: false,
  isParallel: true,
};

function templateOf(source: string): ChatTemplate {
  const controlTexts = ["<|im_start|>", "<|im_end|>"];
  return new ChatTemplate({
    source,
    controlTexts,
    bosText: null,
    eosText: null,
    reasoningInstruction: null,
  });
}

function textOf(source: string, ...args: Parameters<typeof messagesPrompt>): string {
  return templateOf(source)
    .render(messagesPrompt(...args))
    .map(({ text }) => text)
    .join("");
}

test("tells a model in a system message of tools that its template does not know", () => {
  const text = textOf(CHATML, [{ role: "user", content: "Weather?" }], { tools: TOOLS });

  expect(templateOf(CHATML).toolFormat.name).toBe("generic");
  expect(text).toMatch(/^<\|im_start\|>system\nYou can call functions/);
  expect(text).toContain('{"name":"get_weather"}');
});

test("adds to the system message that there is, or to the first of the user where a template takes none", () => {
  const system: Message = { role: "system", content: "Be brief." };
  const user: Message = { role: "user", content: "Weather?" };

  expect(textOf(CHATML, [system, user], { tools: TOOLS })).toContain(
    "system\nBe brief.\n\nYou can call",
  );
  expect(textOf(NO_SYSTEM, [user], { tools: TOOLS })).toMatch(
    /^<\|im_start\|>user\nWeather\?\n\nYou can call/,
  );
});

test("writes earlier calls and results as text for a template that has no place for them", () => {
  const text = textOf(CHATML, CALLED);

  expect(text).toContain(
    '<tool_call>\n{"name":"get_weather","arguments":{"city":"Rome"}}\n</tool_call>',
  );
  expect(text).toContain("<|im_start|>user\n<tool_response>\nsunny\n</tool_response>");
});

test("ends the prompt within the last message where the answer goes on with it", () => {
  const messages: Message[] = [
    { role: "user", content: "Count." },
    { role: "assistant", content: "1, 2, ", reasoning: null, toolCalls: [] },
  ];

  const text = textOf(CHATML, messages, { continuesLast: true });

  expect(text).toBe("<|im_start|>user\nCount.<|im_end|>\n<|im_start|>assistant\n1, 2, ");
});

test("refuses a variable that the template does not have, by name; without thinking is no variable", () => {
  const messages: Message[] = [{ role: "user", content: "Hi" }];

  expect(() => textOf(CHATML, messages, { variables: { dialect: "formal" } })).toThrow(
    expect.objectContaining({ param: "chat_template_kwargs.dialect" }),
  );
  expect(() => textOf(CHATML, messages, { variables: { enable_thinking: true } })).toThrow(
    expect.objectContaining({ param: "chat_template_kwargs.enable_thinking" }),
  );
  expect(() => textOf(CHATML, messages, { variables: { enable_thinking: false } })).not.toThrow();
});

test("hands on whether to think, and refuses to where the template has no switch", () => {
  const source = `${CHATML}{% if enable_thinking %}<think>{{ reasoning_effort }}{% endif %}`;
  const messages: Message[] = [{ role: "user", content: "Hi" }];
  const thinking = (effort: string | null) => ({
    reasoning: { effort, budgetTokens: null, isSeparate: true },
  });

  expect(textOf(source, messages, thinking("high"))).toMatch(/<think>high$/);
  expect(textOf(source, messages, thinking("none"))).not.toContain("<think>");
  expect(() => textOf(CHATML, messages, thinking("high"))).toThrow(
    expect.objectContaining({ param: "reasoning_effort" }),
  );
});
