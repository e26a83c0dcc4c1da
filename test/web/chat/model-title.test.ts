// Titles by the model: when one is asked for, with what, and what becomes of the reply.

import { expect, test, vi } from "vitest";
import { canBeNamed, titleByModel } from "../../../src/web/chat/model-title.ts";
import { Server } from "../../../src/web/client/server.ts";
import { answer, conversation, question, settings } from "../conversation/samples.ts";

const CHAT = conversation([question("A"), answer("b")], { title: "A" });

test("a chat can be named after its first complete answer, unless the user has named it", () => {
  const stopped = answer("b", { phase: { type: "stopped" } });

  expect(canBeNamed(CHAT)).toBe(true);
  expect(canBeNamed({ ...CHAT, title: "Mine" })).toBe(false);
  expect(canBeNamed({ ...CHAT, turns: [question("A"), stopped] })).toBe(false);
  expect(canBeNamed({ ...CHAT, turns: [question("A"), answer(" ")] })).toBe(false);
  expect(canBeNamed({ ...CHAT, turns: [...CHAT.turns, question("B")] })).toBe(false);
});

async function titleFor(reply: string | null) {
  const sent: Record<string, unknown>[] = [];
  vi.stubGlobal("fetch", async (_url: URL, init: RequestInit) => {
    sent.push(JSON.parse(String(init.body)));
    return Response.json({ choices: [{ message: { content: reply } }] });
  });
  const long = conversation([question("x".repeat(5000)), answer("y".repeat(5000))], {
    settings: settings({ model: "small" }),
  });
  const title = await titleByModel(long, new Server("http://here/", () => null));
  vi.unstubAllGlobals();
  return { title, sent };
}

test("the request is short, cheap and of low priority, and asks the chat's own model", async () => {
  const { sent } = await titleFor("A title");

  expect(sent).toMatchObject([
    { model: "small", service_tier: "flex", max_tokens: 24, reasoning_effort: "none" },
  ]);
  expect(JSON.stringify(sent).length).toBeLessThan(2500);
});

test.each([
  ["Paris in spring", "Paris in spring"],
  ['"Paris in spring."', "Paris in spring"],
  ["**Title:** Paris in spring\n\nIt is short.", "Paris in spring"],
  ["# Paris *in* `spring`", "Paris in spring"],
  ["“Was ist das?”", "Was ist das?"],
  ["", null],
  ['""', null],
  [null, null],
  [`${"word ".repeat(40)}`, `${"word ".repeat(11)}word…`.slice(0, 60)],
])("the reply %j gives the title %j", async (reply, title) => {
  expect((await titleFor(reply)).title).toBe(title);
});
