import { expect, test } from "vitest";
import { suggestionFor } from "../../src/closest-name.ts";

const KNOWN = ["port", "queue-timeout", "embedding-idle-timeout", "alias"];

test.each([
  ["prot", "port"],
  ["queue_timeout", "queue-timeout"],
  ["embeddingIdleTimeout", "embedding-idle-timeout"],
  ["queue-timeouts", "queue-timeout"],
  ["aliases", "alias"],
])("takes %s for %s", (given, meant) => {
  expect(suggestionFor(given, KNOWN)).toBe(` (did you mean ${meant}?)`);
});

test.each(["", "model", "p", "!?", "x".repeat(100_000), `${"-".repeat(100)}port`])(
  "suggests nothing that is far from %.10s, or for a long text",
  (given) => {
    expect(suggestionFor(given, KNOWN)).toBe("");
  },
);

test("a single letter resembles no other one", () => {
  expect(suggestionFor("b", ["a"])).toBe("");
});
