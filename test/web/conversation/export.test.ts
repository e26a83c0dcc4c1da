// Conversations as JSON files and back; what is said of files that are none; names of files.

import { expect, test } from "vitest";
import { fileNameFor, fromJson, toJson } from "../../../src/web/conversation/export.ts";
import { answer, call, conversation, question, toolResult } from "./samples.ts";

const FULL = conversation([
  question("Hi 🙂"),
  answer("Hello", {
    calls: [call("one")],
    failure: { status: 429, code: "queue_full", message: "full", param: null, retryAtMs: 5 },
    phase: { type: "failed" },
    thoughtMs: 5,
    numbers: {
      ...{ queueMs: 1, prefillMs: 2, firstTokenMs: null, totalMs: 4 },
      ...{ promptTokens: 5, cachedTokens: 0, generatedTokens: 7, seed: null },
    },
  }),
  toolResult("one"),
]);

/** A file in which one thing is changed. */
function file(
  change: (written: { [name: string]: unknown; conversations: never[] }) => void,
): string {
  const written = JSON.parse(toJson([FULL]));
  change(written);
  return JSON.stringify(written);
}

/** Of the only conversation. */
function withWrong(path: readonly (string | number)[], value: unknown): string {
  return file(({ conversations }) => {
    let holder: Record<string | number, never> = conversations[0] ?? {};
    for (const name of path.slice(0, -1)) holder = holder[name] ?? {};
    holder[path.at(-1) ?? ""] = value as never;
  });
}

test("what was written is read again as it was", () => {
  expect(fromJson(toJson([FULL, conversation([], { id: "c2" })]))).toEqual([
    FULL,
    conversation([], { id: "c2" }),
  ]);
});

test("an answer that was still coming is a stopped one in the file, without its stream's address", () => {
  const stream = { address: "/v1/streams/x?token=secret", lastEventId: "3" };
  const text = toJson([conversation([answer("Wor", { phase: { type: "writing" }, stream })])]);

  expect(text).not.toContain("secret");
  expect(fromJson(text)[0]?.turns).toEqual([answer("Wor", { phase: { type: "stopped" } })]);
});

test.each([
  ["no JSON", "{", /^This file is no JSON. line 1, column 2/],
  ["another file", '{"a": 1}', /no conversations of this page/],
  ["a list", "[]", /no conversations of this page/],
  [
    "a newer file",
    file((it) => {
      it.version = 2;
    }),
    /version 2, and this page reads version 1/,
  ],
  [
    "a file without a version",
    file((it) => {
      it.version = null;
    }),
    /"version" is not 1/,
  ],
  [
    "a file without conversations",
    file((it) => {
      it.conversations = {} as never[];
    }),
    /no list/,
  ],
])("says what is wrong with %s", (_what, text, message) => {
  expect(() => fromJson(text)).toThrow(message);
});

test.each([
  [["title"], 1, "conversations[0].title: expected a text, found 1"],
  [
    ["updatedAtMs"],
    9e15,
    "conversations[0].updatedAtMs: expected a time in ms since 1970, found 9000000000000000",
  ],
  [["omittedTurns"], 4, "conversations[0].omittedTurns: expected a number of turns, from 0 to 3"],
  [["omittedTurns"], -1, "conversations[0].omittedTurns: expected a number of turns, from 0 to 3"],
  [["settings", "seed"], "1", 'conversations[0].settings.seed: expected a number, found "1"'],
  [["settings", "stop", 0], null, "conversations[0].settings.stop[0]: expected a text, found null"],
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
    "conversations[0].turns[0].text: expected a text, found nothing",
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
    "conversations[0].turns[1].calls[0].arguments: expected a text, found {}",
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
  [["turns", 2, "id"], "q-Hi 🙂", 'conversations[0].turns[2].id: the id "q-Hi 🙂" is there twice'],
])("says where %j is wrong", (path, value, message) => {
  const read = () => fromJson(withWrong(path, value));

  expect(read).toThrow(
    message instanceof RegExp ? message : `This file cannot be read. ${message}.`,
  );
});

test("refuses a file with two conversations of one id", () => {
  expect(() => fromJson(toJson([FULL, FULL]))).toThrow(
    'conversations[1].id: the id "c1" is there twice',
  );
});

test.each([
  ["What is SSE?", "2025-06-30-what-is-sse.md"],
  ['../../etc: "a" <b>|*?\\', "2025-06-30-etc-a-b.md"],
  ["Größe und 東京", "2025-06-30-größe-und-東京.md"],
  ["🙂", "2025-06-30-conversation.md"],
  ["", "2025-06-30-conversation.md"],
  [`${"a".repeat(49)} b`, `2025-06-30-${"a".repeat(49)}.md`],
])("a conversation with the title %j is in the file %s", (title, name) => {
  const given = conversation([], { title, updatedAtMs: Date.UTC(2025, 5, 30, 12) });

  expect(fileNameFor(given, "md")).toBe(name);
});
