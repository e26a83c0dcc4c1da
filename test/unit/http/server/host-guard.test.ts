// Names that the server answers to, and those that somebody else let point to it.

import type { Request, Response } from "express";
import { expect, test } from "vitest";
import { ServiceError } from "../../../../src/errors.ts";
import { checkHost, hostOf } from "../../../../src/http/server/host-guard.ts";

function isLetIn(host: string | undefined, names: readonly string[] = [], target = "/"): boolean {
  const req = { originalUrl: target, headers: { host } } as unknown as Request;
  let isNext = false;
  try {
    checkHost(names)(req, {} as Response, () => {
      isNext = true;
    });
  } catch (error) {
    expect(error).toBeInstanceOf(ServiceError);
    expect(error).toMatchObject({
      code: "host_not_allowed",
      message: expect.stringContaining("--allowed-host"),
    });
  }
  return isNext;
}

test.each([
  "localhost",
  "LocalHost:8080",
  "localhost.",
  "sluice.localhost:1",
  "127.0.0.1:8080",
  "10.1.2.3",
  "[::1]:8080",
  "[fe80::1]",
  "203.0.113.9:443",
])("lets %s in: nobody can let it point elsewhere", (host) => {
  expect(isLetIn(host)).toBe(true);
});

test.each([
  "evil.example",
  "evil.example:8080",
  "localhost.evil.example",
  "127.0.0.1.evil.example",
  "127.0.0.1.nip.io",
  "notlocalhost",
  "",
  ":8080",
  "0x7f.1",
  "[evil.example]",
  "localhost:80:80",
  "user@localhost",
])("refuses %j, and names the flag", (host) => {
  expect(isLetIn(host)).toBe(false);
});

test("lets the names in that it was told of, whatever their port, case and last dot", () => {
  const names = ["Sluice.Example", "gpu-box"];

  expect(
    ["sluice.example", "SLUICE.example.:443", "gpu-box:8080"].map((host) => isLetIn(host, names)),
  ).toEqual([true, true, true]);
  expect(
    ["example", "a.sluice.example", "gpu-box.lan"].map((host) => isLetIn(host, names)),
  ).toEqual([false, false, false]);
});

test("lets any name in where * is allowed", () => {
  expect(isLetIn("evil.example", ["*"])).toBe(true);
});

test("looks at the target first where it has a host of its own, and at the header too", () => {
  expect(isLetIn("localhost", [], "http://evil.example/v1/models")).toBe(false);
  expect(isLetIn("evil.example", [], "http://localhost/v1/models")).toBe(false);
  expect(isLetIn("localhost", [], "http://user@localhost:1/v1/models")).toBe(true);
  expect(isLetIn("localhost", [], "/?next=http://evil.example/")).toBe(true);
});

test("lets a request without any host in: only HTTP/1.0 has it, and no browser speaks that", () => {
  expect(isLetIn(undefined)).toBe(true);
});

test("finds the name in an authority", () => {
  expect(["a.b:1", "[::1]:1", "A.", ""].map(hostOf)).toEqual(["a.b", "::1", "a", ""]);
});
