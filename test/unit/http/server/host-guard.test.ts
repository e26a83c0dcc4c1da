// Allowed host names, and those that DNS rebinding could use.

import type { Request, Response } from "express";
import { expect, test } from "vitest";
import { ServiceError } from "../../../../src/errors.ts";
import { checkHost, hostOf } from "../../../../src/http/server/host-guard.ts";

function isAllowed(host: string | undefined, names: readonly string[] = [], target = "/"): boolean {
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
])("allows %s, which cannot be rebound", (host) => {
  expect(isAllowed(host)).toBe(true);
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
])("refuses %j, and names the setting", (host) => {
  expect(isAllowed(host)).toBe(false);
});

test("allows the configured names, regardless of port, case and final dot", () => {
  const names = ["Sluice.Example", "gpu-box"];

  expect(
    ["sluice.example", "SLUICE.example.:443", "gpu-box:8080"].map((host) => isAllowed(host, names)),
  ).toEqual([true, true, true]);
  expect(
    ["example", "a.sluice.example", "gpu-box.lan"].map((host) => isAllowed(host, names)),
  ).toEqual([false, false, false]);
});

test("allows every name with *", () => {
  expect(isAllowed("evil.example", ["*"])).toBe(true);
});

test("checks the host of an absolute target and the header", () => {
  expect(isAllowed("localhost", [], "http://evil.example/v1/models")).toBe(false);
  expect(isAllowed("evil.example", [], "http://localhost/v1/models")).toBe(false);
  expect(isAllowed("localhost", [], "http://user@localhost:1/v1/models")).toBe(true);
  expect(isAllowed("localhost", [], "/?next=http://evil.example/")).toBe(true);
});

test("allows a request without any host: only HTTP/1.0 permits that, and no browser uses it", () => {
  expect(isAllowed(undefined)).toBe(true);
});

test("finds the name in an authority", () => {
  expect(["a.b:1", "[::1]:1", "A.", ""].map(hostOf)).toEqual(["a.b", "::1", "a", ""]);
});
