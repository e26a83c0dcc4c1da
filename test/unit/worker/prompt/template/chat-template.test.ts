// Messages rendered by a Jinja template: client text stays text, and only the template can write control tokens.

import { expect, test } from "vitest";
import { ServiceError } from "../../../../../src/errors.ts";
import type { Message } from "../../../../../src/generation/request.ts";
import {
  ChatTemplate,
  type ChatTemplateOptions,
} from "../../../../../src/worker/prompt/template/chat-template.ts";
import { type MessagesPrompt, messagesPrompt } from "../../../../support/clients/requests.ts";
import { templateOf } from "../../../../support/engines/chat-template.ts";

const CHATML =
  "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}" +
  "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

function template(options: Partial<ChatTemplateOptions> = {}): ChatTemplate {
  const controlTexts = ["<|im_start|>", "<|im_end|>"];
  return templateOf(options.source ?? CHATML, { controlTexts, ...options });
}

function render(
  of: ChatTemplate,
  messages: readonly Message[],
  options: Partial<MessagesPrompt> = {},
) {
  return of.render(messagesPrompt(messages, options));
}

function user(content: string): Message {
  return { role: "user", content };
}

/** `{{ content }}` alone, so that only the message's own text comes out. */
const BARE = "{{ messages[0].content }}";

function refusalOf(source: string, message: Message): ServiceError {
  try {
    render(template({ source }), [message]);
  } catch (error) {
    if (error instanceof ServiceError) return error;
  }
  throw new Error("was not refused");
}

test("renders messages and the start of the answer as one segment of template text", () => {
  const segments = render(template(), [{ role: "system", content: "Be brief." }, user("Hi")]);

  expect(segments).toEqual([
    {
      text: "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
      isLiteral: false,
    },
  ]);
});

test("makes control tokens inside a message literal text", () => {
  const segments = render(template({ source: BARE }), [user("a<|im_end|>b<|im_start|>")]);

  expect(segments).toEqual([
    { text: "a", isLiteral: false },
    { text: "<|im_end|>", isLiteral: true },
    { text: "b", isLiteral: false },
    { text: "<|im_start|>", isLiteral: true },
  ]);
});

test("keeps the template's own control tokens apart from equal ones in a message", () => {
  const segments = render(template(), [user("<|im_end|>")]);

  expect(segments).toEqual([
    { text: "<|im_start|>user\n", isLiteral: false },
    { text: "<|im_end|>", isLiteral: true },
    { text: "<|im_end|>\n<|im_start|>assistant\n", isLiteral: false },
  ]);
});

test("prefers the longest of several control tokens with the same start", () => {
  const segments = render(template({ source: BARE, controlTexts: ["<|end", "<|end_of_turn|>"] }), [
    user("<|end_of_turn|>"),
  ]);

  expect(segments).toEqual([{ text: "<|end_of_turn|>", isLiteral: true }]);
});

test("matches control texts literally, not as patterns", () => {
  const controls = template({ source: BARE, controlTexts: ["[.*]", ""] });

  expect(render(controls, [user("[ab]")])).toEqual([{ text: "[ab]", isLiteral: false }]);
  expect(render(controls, [user("[.*]")])).toEqual([{ text: "[.*]", isLiteral: true }]);
});

test("does not treat a client's private-use characters as a fence", () => {
  const text = "\uE000<|x|>\uE001\uE002abc\uE003";

  expect(render(template({ source: BARE }), [user(text)])).toEqual([{ text, isLiteral: false }]);
});

test("fences nothing for a vocabulary without control tokens", () => {
  const segments = render(template({ source: BARE, controlTexts: [] }), [user("<|im_end|>")]);

  expect(segments).toEqual([{ text: "<|im_end|>", isLiteral: false }]);
});

test("passes the texts of BOS and EOS to the template, or empty texts if there are none", () => {
  const source = "[{{ bos_token }}|{{ eos_token }}]{{ messages[0].content }}";

  const [segment] = render(template({ source, bosText: "<s>" }), [user("Hi")]);

  expect(segment?.text).toBe("[<s>|]Hi");
});

test("turns a template's error into a 400 with the template's own message", () => {
  const source = `{% if 'tax' in messages[-1].content %}{{ raise_exception('No tax advice') }}{% endif %}${BARE}`;

  const refusal = refusalOf(source, user("tax?"));

  expect(refusal.code).toBe("template_error");
  expect(refusal.field).toBe("messages");
  expect(refusal.message).toBe("the model's chat template rejects these messages: No tax advice");
});

test("renders other messages with a template that rejects system messages", () => {
  const source =
    "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" +
    BARE;

  expect(render(template({ source }), [user("Hi")])).toEqual([{ text: "Hi", isLiteral: false }]);
});

test("refuses messages that a template does not show at all", () => {
  const refusal = refusalOf("{{ query }}", user("Hi"));

  expect(refusal.code).toBe("template_error");
  expect(refusal.message).toMatch(/does not show messages/);
});

test("shows no fence in an error that quotes a message", () => {
  const source = "{{ raise_exception('cannot read ' + messages[0].content) }}";

  const refusal = refusalOf(source, user("a<|im_end|>b"));

  expect(refusal.message).toBe(
    "the model's chat template rejects these messages: cannot read a<|im_end|>b",
  );
});

test("rejects an invalid template when it is created, not at the first request", () => {
  expect(() => template({ source: "{% for message in %}" })).toThrow(Error);
});

// Templates of reasoning models cut old answers at `</think>`. The bug left the closing half of the fence in the prompt.
test("leaves no part of a fence in the prompt when the template splits a message", () => {
  const source = "{{ messages[0].content.split('</think>')[-1] }}";

  const segments = render(template({ source, controlTexts: ["</think>"] }), [
    { role: "assistant", content: "thoughts</think>answer", reasoning: null, toolCalls: [] },
  ]);

  expect(segments).toEqual([{ text: "answer", isLiteral: false }]);
});

test.each([
  ["upper", "A[1]B"],
  ["lower", "a[1]b"],
  ["tojson(ensure_ascii=true)", '"a[1]b"'],
])("keeps the fences of a message that the template passes through %s", (filter, filtered) => {
  const source = `${BARE} {{ messages[0].content | ${filter} }}`;
  const chat = template({ source, controlTexts: ["[1]"] });

  const segments = render(chat, [user("a[1]b")]);

  expect(segments.map(({ text }) => text).join("")).toBe(`a[1]b ${filtered}`);
  expect(segments.filter(({ isLiteral }) => isLiteral)).toEqual([
    { text: "[1]", isLiteral: true },
    { text: "[1]", isLiteral: true },
  ]);
});

test("is the same template with the findings of another one, and renders no samples again", () => {
  const first = template();
  const findings = { ...first.findings, traits: { ...first.traits, system: "none" } } as const;

  const second = new ChatTemplate(first.options, findings);

  expect(second.traits).toBe(findings.traits);
  expect(second.toolFormat).toBe(first.toolFormat);
});
