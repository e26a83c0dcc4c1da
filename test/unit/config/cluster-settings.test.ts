// The settings of a cluster: which values and combinations are allowed.

import { expect, test } from "vitest";
import { readCommandLine } from "../../../src/config/command-line.ts";

const URL_FLAG = ["--cluster", "nats://192.0.2.7:4222"];

function read(...flags: string[]) {
  const command = readCommandLine(flags, {});
  if (command.type !== "serve") throw new Error("expected settings");
  return command.config;
}

test.each([
  ["nats://192.0.2.7:4222"],
  ["tls://nats.example.org"],
  ["nats://ann:secret@[2001:db8::7]:4222"],
])("%s is an address of a NATS server", (url) => {
  expect(read("--cluster", url).cluster).toEqual([url]);
});

test("several addresses are used", () => {
  expect(read("--cluster", "nats://a", "--cluster", "nats://b").cluster).toHaveLength(2);
});

test.each([["http://192.0.2.7"], ["192.0.2.7:4222"], ["nats://"], ["ws://192.0.2.7"]])(
  "%s is none",
  (url) => {
    expect(() => read("--cluster", url)).toThrow("allowed is a URL that begins with nats://");
  },
);

test("an error does not show the password of an address", () => {
  expect(() => read("--cluster", "http://ann:secret@a")).toThrow('"http://***@a"');
});

test.each([
  ["--cluster-cert", "--cluster-key"],
  ["--cluster-key", "--cluster-cert"],
])("%s requires %s", (present, missing) => {
  expect(() => read(...URL_FLAG, present, "a.pem")).toThrow(`${present} also requires ${missing}`);
  expect(() => read(...URL_FLAG, present, "a.pem", missing, "b.pem")).not.toThrow();
});

test("names of clusters and nodes have no spaces", () => {
  expect(() => read("--cluster-name", "my cluster")).toThrow("--cluster-name");
  expect(() => read("--node-name", "a/b")).toThrow("--node-name");
});
