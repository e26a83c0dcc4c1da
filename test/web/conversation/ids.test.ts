// Ids, also where the browser has no randomUUID.

import { afterEach, expect, test, vi } from "vitest";
import { newId } from "../../../src/web/conversation/ids.ts";

const UUID_V4 = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

afterEach(() => vi.unstubAllGlobals());

test("an id is a random UUID", () => {
  expect(newId()).toMatch(UUID_V4);
});

test("a page on plain http makes the same kind of id, and never twice the same", () => {
  const { getRandomValues } = crypto;
  vi.stubGlobal("crypto", { getRandomValues: getRandomValues.bind(crypto) });

  const ids = Array.from({ length: 100 }, newId);

  expect(new Set(ids).size).toBe(100);
  for (const id of ids) expect(id).toMatch(UUID_V4);
});
