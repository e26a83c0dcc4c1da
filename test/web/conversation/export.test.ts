// Export to JSON files and import from them, errors for invalid files, and file names.

import { expect, test } from "vitest";
import type { ChatTurn, TurnPlace } from "../../../src/web/conversation/conversation.ts";
import { fileNameFor, fromJson, toJson } from "../../../src/web/conversation/export.ts";
import { withTurns } from "../../../src/web/conversation/versions.ts";
import { answer, call, conversation, question, toolResult } from "./samples.ts";

const FULL = conversation([
  { ...question("Hi 🙂"), files: [{ name: "a.txt", text: "words" }] },
  answer("Hello", {
    calls: [call("one")],
    failure: { status: 429, code: "queue_full", message: "full", param: null, retryAtMs: 5 },
    phase: { type: "failed" },
    thoughtMs: 5,
    numbers: {
      queueMs: 1,
      prefillMs: 2,
      firstTokenMs: null,
      totalMs: 4,
      promptTokens: 5,
      cachedTokens: 0,
      generatedTokens: 7,
      seed: null,
      cacheMiss: { tokens: 512, cause: "messages", message: 3 },
    },
  }),
  toolResult("one"),
]);

/** An exported file with one change. */
function file(
  change: (written: { [name: string]: unknown; conversations: never[] }) => void,
): string {
  const written = JSON.parse(toJson([FULL]));
  change(written);
  return JSON.stringify(written);
}

/** An exported file in which one field of the only conversation is wrong. */
function withWrong(path: readonly (string | number)[], value: unknown): string {
  return file(({ conversations }) => {
    let holder: Record<string | number, never> = conversations[0] ?? {};
    for (const name of path.slice(0, -1)) holder = holder[name] ?? {};
    holder[path.at(-1) ?? ""] = value as never;
  });
}

test("an import restores exactly what was exported", () => {
  expect(fromJson(toJson([FULL, conversation([], { id: "c2" })]))).toEqual([
    FULL,
    conversation([], { id: "c2" }),
  ]);
});

const TWO = withTurns(FULL, [question("Hi again"), answer("Again")]);

test("an import restores every version of a turn, and a file of version 1 has one of each", () => {
  expect(fromJson(toJson([TWO]))).toEqual([TWO]);
  expect(
    fromJson(
      file((it) => {
        it.version = 1;
      }),
    ),
  ).toEqual([FULL]);
});

test.each<[string, (tree: { places: TurnPlace[]; hidden: ChatTurn[] }) => unknown, RegExp]>([
  [
    "a cycle",
    ({ places }) => places.reverse(),
    /places\[0\]\.parentId: expected the id of an earl/,
  ],
  [
    "an unknown parent",
    ({ places }) => places.push({ id: "x", parentId: "unknown" }),
    /places\[5\]\.parentId: .* found "unknown"/,
  ],
  [
    "a place without a turn",
    ({ places }) => places.push({ id: "x", parentId: null }),
    /tree\.places: expected a turn for every place, found "x"/,
  ],
  [
    "a place twice",
    ({ places }) => places.push({ id: "q-Hi again", parentId: null }),
    /places\[5\]\.id: duplicate id/,
  ],
  [
    "a turn without a place",
    ({ hidden }) => hidden.push(question("x")),
    /hidden\[3\]\.id: expected a place of its own in the tree/,
  ],
  [
    "a turn that is shown and hidden",
    ({ hidden }) => hidden.push(question("Hi again")),
    /hidden\[3\]\.id: expected a place of its own/,
  ],
  [
    "a shown turn that follows another",
    ({ places }) => places.splice(4, 1, { id: "a-Again", parentId: null }),
    /turns\[1\]\.id: expected a turn that follows the one before it/,
  ],
])("an import refuses a tree with %s and says where", (_case, change, message) => {
  const written = JSON.parse(toJson([TWO]));
  change(written.conversations[0].tree);

  expect(() => fromJson(JSON.stringify(written))).toThrow(message);
});

test("a streaming answer is exported as stopped, without the address of its stream", () => {
  const stream = { address: "/v1/streams/x?token=secret", lastEventId: "3" };
  const text = toJson([conversation([answer("Wor", { phase: { type: "writing" }, stream })])]);

  expect(text).not.toContain("secret");
  expect(fromJson(text)[0]?.turns).toEqual([answer("Wor", { phase: { type: "stopped" } })]);
});

test.each([
  ["invalid JSON", "{", /^This file is not valid JSON: line 1, column 2/],
  ["another file", '{"a": 1}', /not a chat export/],
  ["a list", "[]", /not a chat export/],
  [
    "a newer file",
    file((it) => {
      it.version = 3;
    }),
    /version 3, but this page reads versions up to 2/,
  ],
  [
    "a file without a version",
    file((it) => {
      it.version = null;
    }),
    /"version" is neither 1 nor 2/,
  ],
  [
    "a file without conversations",
    file((it) => {
      it.conversations = {} as never[];
    }),
    /no "conversations" list/,
  ],
])("the import explains what is wrong with %s", (_what, text, message) => {
  expect(() => fromJson(text)).toThrow(message);
});

test.each([
  [["title"], 1, "conversations[0].title: expected a string, found 1"],
  [
    ["updatedAtMs"],
    9e15,
    "conversations[0].updatedAtMs: expected a time in ms since 1970, found 9000000000000000",
  ],
  [
    ["omittedTurns"],
    4,
    "conversations[0].omittedTurns: expected a whole number from 0 to 3, found 4",
  ],
  [["omittedTurns"], -1, /omittedTurns: expected a whole number from 0 to 3, found -1/],
  [["settings", "seed"], "1", 'conversations[0].settings.seed: expected a number, found "1"'],
  [["settings", "stop", 0], null, /settings.stop\[0\]: expected a string, found null/],
  [["turns"], {}, "conversations[0].turns: expected a list, found {}"],
  [["turns", 0], [], "conversations[0].turns[0]: expected an object, found []"],
  [
    ["turns", 0, "kind"],
    "note",
    'conversations[0].turns[0].kind: expected one of question, answer, tool-result, found "note"',
  ],
  [
    ["turns", 0, "text"],
    undefined,
    "conversations[0].turns[0].text: expected a string, found nothing",
  ],
  [["turns", 1, "phase", "type"], "toString", /turns\[1\].phase.type: expected one of .*writing/],
  [
    ["turns", 1, "phase"],
    { type: "reading", processed: 1 },
    "conversations[0].turns[1].phase.total: expected a number, found nothing",
  ],
  [
    ["turns", 1, "finishReason"],
    "tired",
    /finishReason: expected one of stop, length, tool_calls, found "tired"/,
  ],
  [
    ["turns", 1, "calls", 0, "arguments"],
    {},
    "conversations[0].turns[1].calls[0].arguments: expected a string, found {}",
  ],
  [
    ["turns", 1, "numbers", "totalMs"],
    null,
    "conversations[0].turns[1].numbers.totalMs: expected a number, found null",
  ],
  [
    ["turns", 1, "failure"],
    "bad",
    'conversations[0].turns[1].failure: expected an object, found "bad"',
  ],
  [
    ["turns", 0, "files", 0, "text"],
    5,
    "conversations[0].turns[0].files[0].text: expected a string, found 5",
  ],
  [["turns", 2, "id"], "q-Hi 🙂", 'conversations[0].turns[2].id: duplicate id "q-Hi 🙂"'],
])("the import names the wrong field %j", (path, value, message) => {
  const read = () => fromJson(withWrong(path, value));

  expect(read).toThrow(
    message instanceof RegExp ? message : `This file cannot be imported: ${message}.`,
  );
});

test("the import refuses a file in which two conversations have the same id", () => {
  expect(() => fromJson(toJson([FULL, FULL]))).toThrow('conversations[1].id: duplicate id "c1"');
});

test.each([
  ["What is SSE?", "2025-06-30-what-is-sse.md"],
  ['../../etc: "a" <b>|*?\\', "2025-06-30-etc-a-b.md"],
  ["Größe und 東京", "2025-06-30-größe-und-東京.md"],
  ["🙂", "2025-06-30-conversation.md"],
  ["", "2025-06-30-conversation.md"],
  [`${"a".repeat(49)} b`, `2025-06-30-${"a".repeat(49)}.md`],
])("a conversation with the title %j is exported as %s", (title, name) => {
  const given = conversation([], { title, updatedAtMs: Date.UTC(2025, 5, 30, 12) });

  expect(fileNameFor(given, "md")).toBe(name);
});
