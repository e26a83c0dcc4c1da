// The lines that the server prints when its model is loaded.

import { expect, test } from "vitest";
import { curlTarget, describeContext, reachable } from "../../../src/cli/banner.ts";

const MEMORY = { ramBytes: 3_100_000_000, vramBytes: 0 };

const context = (contextTokens: number, trainedContextTokens: number) =>
  describeContext({ contextTokens, trainedContextTokens, slots: 4, memory: MEMORY });

test("says how much context the model was trained for when the server uses less", () => {
  expect(context(4096, 8192)).toBe(
    "4096 tokens of context in each of 4 slots (3.10 GB with the weights); the model was trained for 8192: --context gives more",
  );
});

test.each([4096, 2048])(
  "says nothing more when the model was trained for %i of 4096 tokens",
  (trained) => {
    expect(context(4096, trained)).toBe(
      "4096 tokens of context in each of 4 slots (3.10 GB with the weights)",
    );
  },
);

test("names both kinds of memory, and a single slot", () => {
  const model = { contextTokens: 256, trainedContextTokens: 256, slots: 1 };

  expect(describeContext({ ...model, memory: { ramBytes: 2e6, vramBytes: 4e9 } })).toBe(
    "256 tokens of context in 1 slot (2.0 MB of RAM and 4.00 GB of GPU memory with the weights)",
  );
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

test.each([
  ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
  ["unix:/run/sluice.sock", "--unix-socket /run/sluice.sock http://localhost"],
  ["fd:3", "--unix-socket PATH http://localhost"],
])("curl reaches %s as %s", (url, target) => {
  expect(reachable(url, { tlsCert: undefined, allowedHost: [] })).toBe(url);
  expect(curlTarget(url)).toBe(target);
});
