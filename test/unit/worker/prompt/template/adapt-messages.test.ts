// Conversations in the form that a template with the given traits can show.

import { expect, test } from "vitest";
import type { Message, ToolCall } from "../../../../../src/generation/request.ts";
import type { CallTraits, TemplateTraits } from "../../../../../src/generation/template-traits.ts";
import {
  adaptMessages,
  cautiousTraits,
} from "../../../../../src/worker/prompt/template/adapt-messages.ts";
import { CALLS, TRAITS } from "../../../../support/template-traits.ts";

function withCalls(calls: Partial<CallTraits>): TemplateTraits {
  return { ...TRAITS, calls: { ...CALLS, ...calls } };
}

const system = (content: string): Message => ({ role: "system", content });
const user = (content: string): Message => ({ role: "user", content });
const call = (id: string): ToolCall => ({ id, name: "look_up", arguments: { word: id } });
function answer(content: string, ids: readonly string[] = [], reasoning: string | null = null) {
  return { role: "assistant", content, reasoning, toolCalls: ids.map(call) } as const;
}
function result(id: string | null, content = `of ${id}`): Message {
  return { role: "tool", content, toolCallId: id, name: "look_up" };
}

/** One short text for each message, e.g. `assistant: text <reasoning> +id`. */
function summary(messages: readonly Message[]): readonly string[] {
  return messages.map((message) => {
    const { role, content } = message;
    if (role === "tool") return `tool ${message.toolCallId}: ${content}`;
    if (role !== "assistant") return `${role}: ${content}`;
    const reasoning = message.reasoning === null ? [] : [`<${message.reasoning}>`];
    const calls = message.toolCalls.map(({ id }) => `+${id}`);
    return `assistant: ${[content, ...reasoning, ...calls].filter(Boolean).join(" ")}`;
  });
}

function adapted(messages: readonly Message[], traits: TemplateTraits): readonly string[] {
  return summary(adaptMessages(messages, traits));
}

test("changes nothing for a template that takes everything", () => {
  const messages = [
    system("a"),
    system("b"),
    answer("c"),
    user("d"),
    user(""),
    answer("e", ["1", "2"], "why"),
    result("2"),
    user("f"),
    result("1"),
    result("9"),
    answer(""),
    answer("g"),
    system("h"),
  ];

  expect(adaptMessages(messages, TRAITS)).toEqual(messages);
});

const LATE_RULES = [system("one"), user("a"), answer("b"), system("two"), user("c")];

test("joins later system messages with the first", () => {
  const traits = { ...TRAITS, system: "first" } as const;

  expect(adapted(LATE_RULES, traits)).toEqual([
    "system: one\n\ntwo",
    "user: a",
    "assistant: b",
    "user: c",
  ]);
  expect(adapted([user("a"), system("one")], traits)).toEqual(["system: one", "user: a"]);
});

test("puts system messages into the first user message of a template without a system role", () => {
  const traits = { ...TRAITS, system: "none" } as const;

  expect(adapted(LATE_RULES, traits)).toEqual(["user: one\n\ntwo\n\na", "assistant: b", "user: c"]);
  expect(adapted([system("one"), answer("b"), user("c")], traits)).toEqual([
    "user: one",
    "assistant: b",
    "user: c",
  ]);
});

test("makes system messages without any other message a user message", () => {
  const traits = { ...TRAITS, takesSystemAlone: false };

  expect(adapted([system("one"), system("two")], traits)).toEqual(["user: one\n\ntwo"]);
  expect(adapted([system("one"), user("a")], traits)).toEqual(["system: one", "user: a"]);
});

test("joins messages of one role with a blank line, and leaves out empty texts", () => {
  const traits = { ...TRAITS, takesUsersInARow: false, takesAssistantsInARow: false };

  expect(
    adapted([user("a"), user(""), user("b"), answer("c"), answer("d", ["1"])], traits),
  ).toEqual(["user: a\n\nb", "assistant: c\n\nd +1"]);
});

test("never moves text that follows a call before it", () => {
  const traits = { ...TRAITS, takesAssistantsInARow: false };

  expect(adapted([user("a"), answer("", ["1"]), answer("b")], traits)).toEqual([
    "user: a",
    "assistant: +1",
    "assistant: b",
  ]);
});

test("leaves out empty answers", () => {
  const traits = { ...TRAITS, takesEmptyAssistant: false, takesUsersInARow: false };

  expect(adapted([user("a"), answer(""), user("b")], traits)).toEqual(["user: a\n\nb"]);
});

test("adds a short user message where a template requires one", () => {
  expect(adapted([answer("a"), user("b")], { ...TRAITS, takesAssistantFirst: false })).toEqual([
    "user: Continue.",
    "assistant: a",
    "user: b",
  ]);
  expect(adapted([user("a"), answer("b")], { ...TRAITS, takesAssistantLast: false })).toEqual([
    "user: a",
    "assistant: b",
    "user: Continue.",
  ]);
  expect(
    adapted([system("s"), answer("", ["1"]), result("1")], withCalls({ takesCallFirst: false })),
  ).toEqual(["system: s", "user: Continue.", "assistant: +1", "tool 1: of 1"]);
});

test("adds a short assistant message before a user message that may not follow a result or a call", () => {
  const traits = withCalls({ takesUserAfterResult: false, takesUserAfterCall: false });
  const messages = [
    user("a"),
    answer("", ["1"]),
    result("1"),
    user("b"),
    answer("", ["2"]),
    user("c"),
  ];

  expect(adapted(messages, traits)).toEqual([
    "user: a",
    "assistant: +1",
    "tool 1: of 1",
    "assistant: OK.",
    "user: b",
    "assistant: +2",
    "assistant: OK.",
    "user: c",
  ]);
});

test("splits parallel calls, each followed by its result", () => {
  const messages = [user("a"), answer("b", ["1", "2", "3"], "why"), result("3"), result("1")];

  expect(adapted(messages, withCalls({ takesParallel: false }))).toEqual([
    "user: a",
    "assistant: b <why> +1",
    "tool 1: of 1",
    "assistant: +2",
    "assistant: +3",
    "tool 3: of 3",
  ]);
});

test("matches results without an id, or with an id that was used before, in order", () => {
  const messages = [
    answer("", ["1", "2"]),
    result(null, "first"),
    result(null, "second"),
    answer("", ["1"]),
    result("1", "third"),
  ];

  expect(adapted(messages, withCalls({ takesParallel: false }))).toEqual([
    "assistant: +1",
    "tool 1: first",
    "assistant: +2",
    "tool 2: second",
    "assistant: +1",
    "tool 1: third",
  ]);
});

test("moves results to their calls, and writes a result without a call as text", () => {
  const messages = [user("a"), answer("", ["1"]), user("b"), result("1"), result("9")];

  expect(adapted(messages, withCalls({ takesLooseResults: false }))).toEqual([
    "user: a",
    "assistant: +1",
    "tool 1: of 1",
    "user: b",
    "user: <tool_response>\nof 9\n</tool_response>",
  ]);
});

test("puts results in the order of their calls if the template does not show their ids", () => {
  const messages = [answer("", ["1", "2"]), result("9"), result("2"), result("1"), user("a")];

  expect(adapted(messages, withCalls({ showsResultIds: false }))).toEqual([
    "assistant: +1 +2",
    "tool 1: of 1",
    "tool 2: of 2",
    "tool 9: of 9",
    "user: a",
  ]);
});

test("moves text that a template does not show beside a call", () => {
  const messages = [user("a"), answer("b", ["1"]), result("1")];

  expect(adapted(messages, withCalls({ text: "before" }))).toEqual([
    "user: a",
    "assistant: b",
    "assistant: +1",
    "tool 1: of 1",
  ]);
  expect(adapted(messages, withCalls({ text: "apart" }))).toEqual([
    "user: a",
    "assistant: b",
    "user: Continue.",
    "assistant: +1",
    "tool 1: of 1",
  ]);
});

test("moves text only beside reasoning if that is what the template rejects", () => {
  const messages = [answer("a", ["1"]), answer("b", ["2"], "why")];

  expect(adapted(messages, withCalls({ reasonedText: "before" }))).toEqual([
    "assistant: a +1",
    "assistant: b",
    "assistant: <why> +2",
  ]);
  expect(adapted(messages, withCalls({ reasonedText: "joined" }))).toEqual([
    "assistant: a +1",
    "assistant: <why\n\nb> +2",
  ]);
  expect(adapted(messages, withCalls({ takesReasoning: false }))).toEqual([
    "assistant: a +1",
    "assistant: b +2",
  ]);
});

test("moves the text of earlier turns only, if the template leaves it out there", () => {
  const messages = [answer("a", ["1"]), result("1"), answer("b"), user("c"), answer("d", ["2"])];

  expect(adapted(messages, withCalls({ earlierText: "before" }))).toEqual([
    "assistant: a",
    "assistant: +1",
    "tool 1: of 1",
    "assistant: b",
    "user: c",
    "assistant: d +2",
  ]);
});

test("the last cautious form is messages of users and assistants in turns, without calls", () => {
  const last = cautiousTraits(TRAITS).at(-1);

  expect(last?.calls).toBeNull();
  expect(last && adapted([answer("a"), system("s"), user("b"), answer("")], last)).toEqual([
    "user: s",
    "assistant: a",
    "user: b",
  ]);
});

test("joins any number of system messages", () => {
  const count = 200_000; // as arguments of one call they would overflow the stack

  const [joined] = adaptMessages(
    Array.from({ length: count }, () => system("x")),
    { ...TRAITS, system: "first" },
  );

  expect(joined?.content.length).toBe(3 * count - 2);
});

test("gives results with the same id to calls in their order, and one without an id to the first open call", () => {
  const messages = [
    user("q"),
    answer("", ["a", "b", "a"]),
    result("a", "1"),
    user("r"),
    result(null, "2"),
    result("a", "3"),
  ];

  const placed = adapted(messages, withCalls({ takesLooseResults: false }));

  expect(placed).toEqual([
    "user: q",
    "assistant: +a +b +a",
    "tool a: 1",
    "tool b: 2",
    "tool a: 3",
    "user: r",
  ]);
});
