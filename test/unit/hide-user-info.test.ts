import { expect, test } from "vitest";
import { hideUserInfo } from "../../src/hide-user-info.ts";

test.each([
  ["http://user:secret@host:4318/v1 failed", "http://***@host:4318/v1 failed"],
  ["http://user:se@cret@host", "http://***@host"],
  ['"https://token@a" and "https://b/@x"', '"https://***@a" and "https://b/@x"'],
  ["http://host/v1 alice@example.org", "http://host/v1 alice@example.org"],
])("%s", (text, shown) => {
  expect(hideUserInfo(text)).toBe(shown);
});

test("takes linear time", () => {
  const text = `a://${"@".repeat(100_000)}`;

  expect(hideUserInfo(text)).toBe("a://***@");
});
