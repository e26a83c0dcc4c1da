// Searching conversations: matches, their order, and their snippets.

import fc from "fast-check";
import { expect, test } from "vitest";
import { fold, spanInOriginal } from "../../../src/web/conversation/folded-text.ts";
import { type Match, search } from "../../../src/web/conversation/search.ts";
import { answer, call, conversation, question, toolResult } from "./samples.ts";

const found = ({ snippet, span }: Match) => snippet.slice(span.start, span.end);
const one = (text: string) => [conversation([question(text)], { title: "" })];

test.each(["ECLAIR", "éclair", "e\u0301clair", "clai"])(
  "finds %j regardless of case and accents",
  (words) => {
    const [match] = search(one("Two Éclairs, please"), words);

    expect(match?.snippet).toBe("Two Éclairs, please");
    expect(match && fold(found(match))).toBe(fold(words));
  },
);

test("marks whole characters, also if one folds to several letters", () => {
  expect(search(one("Straße"), "STRASS").map(found)).toEqual(["Straß"]);
  expect(search(one("a ﬁne day"), "ine").map(found)).toEqual(["ﬁne"]);
  expect(search(one("un cafe\u0301!"), "cafe").map(found)).toEqual(["cafe\u0301"]);
  expect(search(one("ΟΔΟΣ και οδός"), "οδος").map(found)).toEqual(["ΟΔΟΣ"]);
  expect(search(one("τέσσερα"), "ΤΕΣ").map(found)).toEqual(["τέσ"]);
});

test("a match contains all words, in any turn or the title", () => {
  const given = [
    conversation(
      [question("Apples?"), answer("", { calls: [call("one")] }), toolResult("one", "pears")],
      { title: "Fruit" },
    ),
  ];

  expect(search(given, "pear fruit  APPLE")).toHaveLength(1);
  expect(search(given, "pear plum")).toEqual([]);
  expect(search(given, "  ")).toEqual([]);
});

test("the most recently changed conversation comes first", () => {
  const given = [1, 3, 2].map((updatedAtMs) =>
    conversation([question("Hi")], { id: `${updatedAtMs}`, updatedAtMs }),
  );

  expect(search(given, "hi").map((match) => match.conversation.id)).toEqual(["3", "2", "1"]);
});

test("shows the turn with the most words, and marks the whole phrase if it occurs", () => {
  const given = [
    conversation([
      question("A server"),
      answer("It has a queue. The server queue waits.", { id: "best" }),
    ]),
  ];

  const [match] = search(given, "server queue");

  expect(match?.turnId).toBe("best");
  expect(match && found(match)).toBe("server queue");
});

test("shows the title if no turn contains a word", () => {
  const given = [conversation([question("Hi")], { title: "On queues" })];

  expect(search(given, "queue")).toMatchObject([
    { turnId: null, snippet: "On queues", span: { start: 3, end: 8 } },
  ]);
});

test("a snippet of a long text is one line and starts at a word", () => {
  const [match] = search(one(`${"word ".repeat(100)}\n\nneedle\n${"more ".repeat(100)}`), "needle");

  expect(match?.snippet).toMatch(/^…word word .* {2}needle more .*…$/);
  expect(match?.snippet.length).toBeLessThan(130);
  expect(match && found(match)).toBe("needle");
});

test("never cuts an emoji in two", () => {
  for (const shift of ["", "x"]) {
    const [match] = search(one(`${"🙂".repeat(100)}${shift}needle${"🙂".repeat(100)}`), "needle");

    expect(match?.snippet.isWellFormed()).toBe(true);
    expect(match && found(match)).toBe("needle");
  }
});

test("the marked text always folds to the search words", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 20 });
  fc.assert(
    fc.property(text, text, text, (before, needle, after) => {
      const whole = `${before} ${needle} ${after}`;
      const start = fold(whole).indexOf(fold(needle));
      fc.pre(needle !== "" && start >= 0);
      const span = spanInOriginal(whole, { start, end: start + fold(needle).length });
      expect(fold(whole.slice(span.start, span.end))).toContain(fold(needle));
    }),
  );
});

test("finds the name and the text of attached files", () => {
  const files = [{ name: "report.pdf", text: "The turbine has failed." }];
  const given = [conversation([{ ...question("Summarize"), files }], { title: "" })];

  expect(search(given, "report turbine").map(found)).toEqual(["report"]);
});
