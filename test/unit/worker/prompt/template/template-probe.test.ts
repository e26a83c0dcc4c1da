// What the check of a template finds out, and the prompts that follow from it.

import { expect, test } from "vitest";
import type { Message, ToolCall } from "../../../../../src/generation/request.ts";
import { type MessagesPrompt, messagesPrompt } from "../../../../support/clients/requests.ts";
import { templateOf } from "../../../../support/engines/chat-template.ts";

function promptOf(
  source: string,
  messages: readonly Message[],
  options: Partial<MessagesPrompt> = {},
): string {
  const segments = templateOf(source).render(messagesPrompt(messages, options));
  return segments.map(({ text }) => text).join("");
}

const TOOLS = {
  tools: [
    {
      name: "get_weather",
      rule: "tool0-arguments",
      definition: { type: "function", function: { name: "get_weather", parameters: {} } },
    },
  ],
  callable: ["get_weather"],
  isRequired: false,
  isParallel: true,
};

const system = (content: string): Message => ({ role: "system", content });
const user = (content: string): Message => ({ role: "user", content });
const weather = (id: string, city: string): ToolCall => ({
  id,
  name: "get_weather",
  arguments: { city, days: 3 },
});
function answer(
  content: string,
  toolCalls: readonly ToolCall[] = [],
  reasoning: string | null = null,
): Message {
  return { role: "assistant", content, reasoning, toolCalls };
}
function result(id: string, content: string): Message {
  return { role: "tool", content, toolCallId: id, name: "get_weather" };
}

const TOOL_LIST = "{% for t in tools or [] %}[tool {{ t.function.name }}]{% endfor %}";
/** Writes a message as `<role>content`, with its calls in the Hermes format. */
const MESSAGE =
  "<{{ m.role }}>{{ m.content }}" +
  "{% for c in m.tool_calls or [] %}<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}";
const EVERYTHING = `${TOOL_LIST}{% for m in messages %}${MESSAGE}{% endfor %}`;

/** A template that rejects messages on a condition, which may use `m` and `loop`. */
function rejecting(condition: string, each = MESSAGE): string {
  return `${TOOL_LIST}{% for m in messages %}{% if ${condition} %}{{ raise_exception('never') }}{% endif %}${each}{% endfor %}`;
}

test("finds nothing to adapt in a template that shows everything", () => {
  const { traits, toolFormat } = templateOf(EVERYTHING);

  expect(toolFormat.name).toBe("hermes");
  expect(traits).toMatchObject({
    contentAs: "text",
    system: "all",
    takesUsersInARow: true,
    takesAssistantsInARow: true,
    takesAssistantFirst: true,
    describesTools: true,
    calls: { argumentsAs: "object", takesParallel: true, text: "beside", takesLooseResults: true },
  });
});

const LATE_RULES = [system("one"), user("a"), answer("b"), system("two"), user("c")];

test.each([
  [
    "rejects system messages that are not first",
    rejecting("m.role == 'system' and not loop.first"),
  ],
  [
    "shows the first system message only",
    `{% if messages[0].role == 'system' %}<system>{{ messages[0].content }}{% endif %}` +
      `{% for m in messages if m.role != 'system' %}${MESSAGE}{% endfor %}`,
  ],
])("joins system messages for a template that %s", (_what, source) => {
  expect(templateOf(source).traits.system).toBe("first");
  expect(promptOf(source, LATE_RULES)).toBe("<system>one\n\ntwo<user>a<assistant>b<user>c");
});

test.each([
  ["rejects system messages", rejecting("m.role == 'system'")],
  [
    "leaves out system messages",
    `{% for m in messages if m.role != 'system' %}${MESSAGE}{% endfor %}`,
  ],
])("puts system messages into the first user message for a template that %s", (_what, source) => {
  expect(templateOf(source).traits.system).toBe("none");
  expect(promptOf(source, LATE_RULES)).toBe("<user>one\n\ntwo\n\na<assistant>b<user>c");
});

test("joins messages of one role for a template in which roles take turns", () => {
  const source = rejecting("(m.role == 'user') != (loop.index0 % 2 == 0)");

  expect(templateOf(source).traits).toMatchObject({
    system: "none",
    takesUsersInARow: false,
    takesAssistantsInARow: false,
    takesAssistantFirst: false,
  });
  expect(promptOf(source, [user("a"), user("b"), answer("c"), answer("d"), user("e")])).toBe(
    "<user>a\n\nb<assistant>c\n\nd<user>e",
  );
  expect(promptOf(source, [answer("a"), user("b")])).toBe("<user>Continue.<assistant>a<user>b");
});

test("gives content as parts to a template that reads only parts", () => {
  const source =
    "{% for m in messages %}<{{ m.role }}>{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}{% endfor %}";

  expect(templateOf(source).traits.contentAs).toBe("parts");
  expect(promptOf(source, [system("a"), user("b")])).toBe("<system>a<user>b");
  expect(promptOf(source, [user("a"), answer("b")], { continuesLast: true })).toBe(
    "<user>a<assistant>b",
  );
});

test("gives only the content of users as parts where the other roles have text", () => {
  const source =
    "{% for m in messages %}<{{ m.role }}>{% if m.role == 'user' %}{% for part in m.content %}{{ part.text }}{% endfor %}{% else %}{{ m.content }}{% endif %}{% endfor %}";

  expect(templateOf(source).traits.contentAs).toBe("user-parts");
  expect(promptOf(source, [system("a"), user("b"), answer("c"), user("d")])).toBe(
    "<system>a<user>b<assistant>c<user>d",
  );
});

/** Writes arguments that are a mapping in its own syntax, and any text as it is. */
const OWN_SYNTAX =
  `${TOOL_LIST}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% for c in m.tool_calls or [] %}<|tool_call>call:{{ c.function.name }}{{ '{' }}` +
  `{% if c.function.arguments is mapping %}{% for key, value in c.function.arguments | items %}{{ key }}={{ value }};{% endfor %}` +
  "{% else %}{{ c.function.arguments }}{% endif %}{{ '}' }}{% endfor %}{% endfor %}";

test("gives arguments as a mapping to a template that writes them in a syntax of its own", () => {
  const source = OWN_SYNTAX;
  const messages = [user("a"), answer("", [weather("1", "Rome")]), result("1", "sunny")];

  expect(templateOf(source).traits.calls?.argumentsAs).toBe("object");
  expect(promptOf(source, messages)).toContain("call:get_weather{city=Rome;days=3;}");
});

test("gives arguments as text to a template that joins them with other text", () => {
  const source = EVERYTHING.replace(
    "{{ c.function | tojson }}",
    "{{ '{\"name\": \"' + c.function.name + '\", \"arguments\": ' + c.function.arguments + '}' }}",
  );

  expect(templateOf(source).traits.calls?.argumentsAs).toBe("text");
});

test("gives no content beside calls to a template that shows calls only then", () => {
  const source = `${TOOL_LIST}{% for m in messages %}{% if m.tool_calls and m.content is not none %}<{{ m.role }}>{{ m.content }}{% else %}${MESSAGE}{% endif %}{% endfor %}`;

  expect(templateOf(source).traits.calls).toMatchObject({ emptyContent: null, text: "before" });
});

test("shortens the ids of calls for a template that requires it", () => {
  const source = rejecting("m.tool_calls and m.tool_calls[0].id | length != 9");

  expect(templateOf(source).traits.calls?.hasShortIds).toBe(true);
});

test("writes calls as text for a template that does not show them", () => {
  const source = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}";

  expect(templateOf(source).traits).toMatchObject({ calls: null, describesTools: false });
  expect(templateOf(rejecting("m.role == 'tool'")).traits.calls).toBeNull();
});

test("splits parallel calls for a template that shows only the first", () => {
  const source = EVERYTHING.replace("m.tool_calls or []", "(m.tool_calls or [])[:1]");
  const calls = [weather("1", "Rome"), weather("2", "Oslo")];
  const messages = [user("a"), answer("", calls), result("1", "sunny"), result("2", "snow")];

  expect(templateOf(source).traits.calls?.takesParallel).toBe(false);
  expect(promptOf(source, messages)).toMatch(
    /^<user>a<assistant>.*Rome.*<tool>sunny<assistant>.*Oslo.*<tool>snow$/,
  );
});

test("moves the text beside a call for a template that hides it", () => {
  const source = `${TOOL_LIST}{% for m in messages %}{% set text = m.content if not m.tool_calls %}${MESSAGE.replace("m.content", "text")}{% endfor %}`;
  const messages = [user("a"), answer("b", [weather("1", "Rome")]), result("1", "sunny")];

  expect(templateOf(source).traits.calls?.text).toBe("before");
  expect(promptOf(source, messages)).toMatch(/^<user>a<assistant>b<assistant>.*Rome.*<tool>sunny$/);
});

/** Shows reasoning beside calls until an answer without calls has followed, and takes either text or reasoning there. */
const ONE_OF_BOTH =
  `${TOOL_LIST}{% for m in messages %}{% if m.tool_calls %}` +
  "{% if m.content and m.thinking %}{{ raise_exception('only one of them') }}{% endif %}" +
  "{% set ns = namespace(later=false) %}{% for n in messages[loop.index:] %}{% if n.role == 'assistant' and not n.tool_calls %}{% set ns.later = true %}{% endif %}{% endfor %}" +
  "{% if not ns.later %}<analysis>{{ m.content or m.thinking }}{% endif %}" +
  "{% for c in m.tool_calls %}<call><tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}{% else %}<{{ m.role }}>{{ m.content }}{% endif %}{% endfor %}";

test("keeps text and reasoning beside a call for a template that takes one of them", () => {
  const called = answer("b", [weather("1", "Rome")], "why");
  const messages = [user("a"), called, result("1", "sunny")];

  expect(templateOf(ONE_OF_BOTH).traits.calls).toMatchObject({
    text: "beside",
    reasonedText: "joined",
    earlierText: "before",
  });
  expect(promptOf(ONE_OF_BOTH, messages)).toMatch(
    /^<user>a<analysis>why\n\nb<call>.*Rome.*<tool>sunny$/,
  );
  expect(promptOf(ONE_OF_BOTH, [...messages, answer("c"), user("d")])).toMatch(
    /^<user>a<assistant>b<call>.*Rome.*<tool>sunny<assistant>c<user>d$/,
  );
});

test("leaves out reasoning beside a call only if the template rejects it in every form", () => {
  const source = rejecting("m.tool_calls and m.thinking");

  expect(templateOf(source).traits.calls?.takesReasoning).toBe(false);
});

test("finds out whether the reasoning of earlier answers is shown", () => {
  const source = EVERYTHING.replace("{{ m.content }}", "{{ m.reasoning_content }}{{ m.content }}");

  expect(templateOf(EVERYTHING).traits.showsEarlierReasoning).toBe(false);
  expect(templateOf(source).traits.showsEarlierReasoning).toBe(true);
});

test("does not take a content that is written as a list for a content that is shown", () => {
  expect(templateOf(EVERYTHING).traits.reasoningAs).toBe("field");
});

test("moves results to their calls for a template that shows them only there", () => {
  const source = rejecting(
    "m.role == 'tool' and (loop.first or messages[loop.index0 - 1].role in ['user', 'system'])",
  );
  const messages = [user("a"), answer("", [weather("1", "Rome")]), user("b"), result("1", "sunny")];

  expect(templateOf(source).traits.calls?.takesLooseResults).toBe(false);
  expect(promptOf(source, messages)).toMatch(/^<user>a<assistant>.*Rome.*<tool>sunny<user>b$/);
});

test("adds an assistant message where a user message may not follow a result", () => {
  const source = rejecting(
    "m.role == 'user' and not loop.first and messages[loop.index0 - 1].role == 'tool'",
  );
  const messages = [user("a"), answer("", [weather("1", "Rome")]), result("1", "sunny"), user("b")];

  expect(promptOf(source, messages)).toMatch(/<tool>sunny<assistant>OK\.<user>b$/);
});

test("tries more cautious forms for a conversation that the check did not foresee", () => {
  const source = rejecting("loop.index0 == 9 and m.role == messages[8].role");
  const messages = Array.from({ length: 10 }, (_, index) => user(`text ${index}`));

  expect(templateOf(source).traits.takesUsersInARow).toBe(true);
  expect(promptOf(source, messages)).toBe(`<user>${messages.map((m) => m.content).join("\n\n")}`);
});

test("adds a user message if the template would hide the tools without one", () => {
  const source = EVERYTHING.replace(
    "tools or []",
    "tools or [] if messages | selectattr('role', 'equalto', 'user') | list",
  );

  expect(promptOf(source, [system("a")], { tools: TOOLS })).toBe("[tool get_weather]<user>a");
});

test("keeps a prompt a prefix of the next one", () => {
  const steps = [
    user("a"),
    answer("b", [weather("1", "Rome"), weather("2", "Oslo")]),
    result("1", "sunny"),
    result("2", "snow"),
    answer("c", [weather("3", "Bern")]),
    result("3", "fog"),
  ];
  const sources = [
    EVERYTHING,
    EVERYTHING.replace("m.tool_calls or []", "(m.tool_calls or [])[:1]"),
    EVERYTHING.replace("{{ m.content }}", "{{ m.content if not m.tool_calls }}"),
    OWN_SYNTAX,
  ];

  for (const source of sources)
    expect(promptOf(source, steps)).toContain(promptOf(source, steps.slice(0, 4)));
});
