// Changing lines are taken out of system messages, and nothing else is.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CHANGING_LINES, withoutChangingLines } from "../../../src/compile/changing-lines.ts";
import { compiledQuestion, NO_SCHEMAS } from "../../../src/compile/compiled-request.ts";
import type { AskedPrompt, Message } from "../../../src/generation/request.ts";

const LINE = "x-anthropic-billing-header: cc_version=9.8.7.abc; cc_entrypoint=test; cch=12ab3;";
const user: Message = { role: "user", content: "Hi" };
const system = (content: string): Message => ({ role: "system", content });

const CASES: readonly (readonly [what: string, given: string, kept: string])[] = [
  ["followed by a line break", `${LINE}\nBe brief.`, "Be brief."],
  ["followed by an empty line", `${LINE}\r\n\r\nBe brief.\n`, "Be brief.\n"],
  ["followed by a text on the same line", `${LINE}Be brief: a=b; c.`, "Be brief: a=b; c."],
  ["with other fields", "x-anthropic-billing-header: a=1; b=;\nBe brief.", "Be brief."],
];

test.each(CASES)("takes out a line that is %s", (_what, given, kept) => {
  expect(withoutChangingLines([system(given), user])).toEqual([system(kept), user]);
});

const UNTOUCHED: readonly (readonly [what: string, message: Message])[] = [
  ["a user's message", { role: "user", content: `${LINE}\nHi` }],
  ["a line after other text", system(`Be brief.\n${LINE}`)],
  ["the name of the line alone", system("x-anthropic-billing-header: what does it mean?")],
  ["an indented line", system(` ${LINE}`)],
];

test.each(UNTOUCHED)("leaves %s as it is", (_what, message) => {
  const messages = [message, user];

  expect(withoutChangingLines(messages)).toBe(messages);
});

test("leaves out a system message that has no other text", () => {
  expect(withoutChangingLines([system(LINE), system("Be brief."), user])).toEqual([
    system("Be brief."),
    user,
  ]);
});

test("keeps the only message of a conversation", () => {
  expect(withoutChangingLines([system(LINE)])).toEqual([system(LINE)]);
});

test("keeps the lines of every prompt if it is asked to", () => {
  const prompt: AskedPrompt = {
    type: "messages",
    messages: [system(`${LINE}\nBe brief.`), user],
    tools: null,
    continuesLast: false,
    reasoning: { effort: null, budgetTokens: null, isSeparate: true },
    variables: {},
  };
  const rendered = (keepChangingLines: boolean) =>
    compiledQuestion({ type: "render", prompt }, { compiled: NO_SCHEMAS, keepChangingLines });

  expect(rendered(true)).toEqual({ type: "render", prompt });
  expect(rendered(false)).toMatchObject({ prompt: { messages: [system("Be brief."), user] } });
});

test.each(CHANGING_LINES)("the documentation lists $name", ({ name, sentBy }) => {
  const page = readFileSync(new URL("../../../docs/clients.md", import.meta.url), "utf8");

  expect(page).toMatch(new RegExp(`^\\| +\`${name}\` +\\| ${sentBy} `, "m"));
});
