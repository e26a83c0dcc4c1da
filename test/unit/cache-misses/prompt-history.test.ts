// What is remembered of prompts: hashes and counts, as long as there is room, and for the key that sent them.

import { expect, test } from "vitest";
import { PromptHistory } from "../../../src/cache-misses/prompt-history.ts";
import { conversation, words } from "../../support/prompts.ts";

const prompt = conversation({ system: "secret", messages: [words("private")] });
const promptTokens = Uint32Array.from({ length: 2_000 }, (_, index) => index);
const sender = { owner: "a", cacheScope: "a" };

test("a print has no text and no token, and differs between processes", () => {
  const printed = () => new PromptHistory().printOf({ prompt, promptTokens, model: "m" });
  const [one, other] = [printed(), printed()];

  expect(JSON.stringify(one)).not.toMatch(/secret|private/);
  expect(one.blocks).toHaveLength(31);
  expect(one.blocks.filter((hash) => other.blocks.includes(hash))).toEqual([]);
  const hashesOf = ({ parts }: typeof one) => parts.map(({ hash }) => hash);
  expect(hashesOf(one).filter((hash) => hashesOf(other).includes(hash))).toEqual([]);
});

test("finds the reason by what it remembers", () => {
  const history = new PromptHistory();
  const print = history.printOf({ prompt, promptTokens, model: "m" });
  const diagnosed = () => history.diagnose(print, { ...sender, cachedTokens: 0 }).told?.reason;

  expect(diagnosed()).toBeUndefined();
  history.remember("1", { ...sender, print });
  expect(diagnosed()).toBe("evicted");
});

test("compares only with a prompt of the same key", () => {
  const history = new PromptHistory();
  const print = history.printOf({ prompt, promptTokens, model: "m" });
  history.remember("1", { ...sender, print });

  expect(history.compareWith("1", print, "a")).toEqual({ type: "same" });
  expect(history.compareWith("1", print, "b")).toEqual({ type: "not-found" });
  expect(history.compareWith("2", print, "a")).toEqual({ type: "not-found" });
});

test("forgets the oldest prompts when its memory is full", () => {
  const history = new PromptHistory(400_000);
  const print = history.printOf({ prompt, promptTokens, model: "m" });
  for (let id = 0; id < 100; id++) history.remember(String(id), { ...sender, print });
  const isKnown = (_: unknown, id: number) =>
    history.compareWith(String(id), print, "a").type === "same";

  const known = Array.from({ length: 100 }, isKnown);
  expect(known.filter(Boolean).length).toBeGreaterThan(10);
  expect(known.filter(Boolean).length).toBeLessThan(50);
  expect(known.lastIndexOf(false)).toBeLessThan(known.indexOf(true));
});
