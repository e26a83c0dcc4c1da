// Flags of `npm run abuse`, and the names of the kinds of abuse.

import { expect, test } from "vitest";
import { readAbuseOptions } from "../../soak/abuse-run/abuse-options.ts";
import { ABUSES } from "../../soak/abuses/all-abuses.ts";

test("reads numbers, switches and parts of names", () => {
  expect(readAbuseOptions(["--minutes", "2", "--seed", "5"])).toEqual({
    minutes: 2,
    seed: 5,
    abusers: 12,
    hasNginx: true,
    only: "",
    skipped: [],
  });
  const given = ["--no-nginx", "--only", "WebSocket", "--skip", "flood", "--skip", "half"];
  expect(readAbuseOptions(given)).toMatchObject({
    hasNginx: false,
    only: "websocket",
    skipped: ["flood", "half"],
  });
  expect(readAbuseOptions(["--help"])).toBe(null);
});

test.each([["--skip"], ["--minutes", "x"], ["--often"]])("refuses %s %s", (...args) => {
  expect(() => readAbuseOptions(args.filter(Boolean))).toThrow(
    /needs a part of a name|is x|--often/,
  );
});

test("every kind of abuse has a unique name", () => {
  const names = ABUSES.map(({ name }) => name);

  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThan(60);
});
