// The lines that the server prints when its model is loaded.

import { expect, test } from "vitest";
import { describeContext, reachable } from "../../../src/cli/banner.ts";

const context = (contextTokens: number, trainedContextTokens: number) =>
  describeContext({ contextTokens, trainedContextTokens, slots: 4 });

test("says how much context the model allows when the server uses less", () => {
  expect(context(4096, 8192)).toBe(
    "4096 tokens of context in each of 4 slots (the model allows 8192: set --context)",
  );
});

test.each([4096, 2048])("says nothing more when the model allows %i of 4096 tokens", (trained) => {
  expect(context(4096, trained)).toBe("4096 tokens of context in each of 4 slots");
});

const TLS = { tlsCert: "cert.pem" };

test.each<[string, Parameters<typeof reachable>[1], string]>([
  [
    "https://0.0.0.0:8443",
    { ...TLS, allowedHost: ["*", "chat.example.org", "b.example.org"] },
    "https://chat.example.org:8443",
  ],
  [
    "https://192.0.2.7:8443",
    { ...TLS, allowedHost: ["chat.example.org"] },
    "https://chat.example.org:8443",
  ],
  ["https://192.0.2.7:8443", { ...TLS, allowedHost: ["*"] }, "https://192.0.2.7:8443"],
  [
    "http://192.0.2.7:8080",
    { tlsCert: undefined, allowedHost: ["chat.example.org"] },
    "http://192.0.2.7:8080",
  ],
])("prints an address that its certificate fits: %s with %j is %s", (url, config, expected) => {
  expect(reachable(url, config)).toBe(expected);
});
