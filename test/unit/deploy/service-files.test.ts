// The files of deploy/ for service managers: what they say must be true of this program, and they must be well-formed.

import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { configWith } from "../../../src/config/config-with.ts";

const read = (name: string) =>
  readFileSync(path.resolve(import.meta.dirname, "../../../deploy", name), "utf8");

/** The lines `Name=value`, without comments. */
function settingsOf(unit: string): ReadonlyMap<string, string> {
  const lines = unit.split("\n").filter((line) => /^\w+=/.test(line));
  return new Map(lines.map((line) => line.split(/=(.*)/, 2) as [string, string]));
}

test("systemd and launchd wait longer for the end than the server drains", () => {
  const drainSeconds = configWith({}).drainTimeoutMs / 1000;
  const [, launchdSeconds] =
    /<key>ExitTimeOut<\/key>\s*<integer>(\d+)<\/integer>/.exec(read("org.sluice.plist")) ?? [];

  expect(Number(settingsOf(read("sluice.service")).get("TimeoutStopSec"))).toBeGreaterThan(
    drainSeconds,
  );
  expect(Number(launchdSeconds)).toBeGreaterThan(drainSeconds);
});

test("the unit allows what the server needs", () => {
  const unit = settingsOf(read("sluice.service"));

  expect(unit.get("MemoryDenyWriteExecute")).toBeUndefined(); // Node compiles JavaScript
  expect(unit.get("ProcSubset")).toBeUndefined(); // /proc/meminfo
  expect(unit.get("RestrictAddressFamilies")?.split(" ")).toEqual([
    ...["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"],
  ]);
  expect(unit.get("ExecStart")).toMatch(/^sluice /); // no folder: npm installs into /usr or /usr/local
  expect(unit.get("ExecReload")).toBe("/bin/kill -HUP $MAINPID");
});

/** A value of a property list, by https://www.apple.com/DTDs/PropertyList-1.0.dtd. @returns the text after it */
function afterValue(text: string): string {
  const [opened = "", name = "", empty] = /^\s*<(\w+)(\/?)>/.exec(text) ?? [];
  const rest = text.slice(opened.length);
  if (["true", "false"].includes(name) && empty) return rest;
  if (["string", "integer", "real", "date", "data"].includes(name)) {
    const [whole = ""] = new RegExp(`^[^<]*</${name}>`).exec(rest) ?? [];
    if (whole) return rest.slice(whole.length);
  }
  if (name === "array") return afterItems(rest, { end: "array", item: afterValue });
  if (name === "dict") return afterItems(rest, { end: "dict", item: afterPair });
  throw new Error(`no value: ${text.trim().slice(0, 40)}`);
}

function afterPair(text: string): string {
  const [key] = /^\s*<key>[^<]+<\/key>/.exec(text) ?? [];
  if (!key) throw new Error(`no key: ${text.trim().slice(0, 40)}`);
  return afterValue(text.slice(key.length));
}

type Items = { readonly end: string; readonly item: (text: string) => string };

function afterItems(text: string, { end, item }: Items): string {
  const [closed] = new RegExp(`^\\s*</${end}>`).exec(text) ?? [];
  return closed ? text.slice(closed.length) : afterItems(item(text), { end, item });
}

test("the property list of launchd has the structure of its DTD", () => {
  const text = read("org.sluice.plist").replaceAll(/<!--[\s\S]*?-->/g, "");
  const [head] =
    /^<\?xml [^>]+\?>\s*<!DOCTYPE plist [^>]+>\s*<plist version="1\.0">/.exec(text) ?? [];

  expect(afterValue(text.slice(head?.length)).trim()).toBe("</plist>");
  expect(() => afterValue("<dict><string>a</string></dict>")).toThrow("no key");
  expect(() => afterValue("<array><strin>a</strin></array>")).toThrow("no value");
});
