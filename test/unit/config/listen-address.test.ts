// Which texts are addresses to listen on, and what they mean.

import { expect, test } from "vitest";
import {
  listenAddresses,
  listenHosts,
  parseListenAddress,
} from "../../../src/config/listen-address.ts";

test.each([
  ["8080", { host: "127.0.0.1", port: 8080 }],
  ["0", { host: "127.0.0.1", port: 0 }],
  [":8080", { host: undefined, port: 8080 }],
  ["192.0.2.7:80", { host: "192.0.2.7", port: 80 }],
  ["localhost:65535", { host: "localhost", port: 65_535 }],
  ["sluice.example.org:8080", { host: "sluice.example.org", port: 8080 }],
  ["[::1]:8080", { host: "::1", port: 8080 }],
  ["[::]:8080", { host: "::", port: 8080 }],
  ["[fe80::1%eth0]:8080", { host: "fe80::1%eth0", port: 8080 }],
  ["[::ffff:127.0.0.1]:1", { host: "::ffff:127.0.0.1", port: 1 }],
  ["unix:/run/sluice.sock", { path: "/run/sluice.sock" }],
  ["unix:/run/a b:c.sock", { path: "/run/a b:c.sock" }],
  [`unix:/${"a".repeat(102)}`, { path: `/${"a".repeat(102)}` }],
])("%s is an address", (text, address) => {
  expect(parseListenAddress(text)).toEqual(address);
});

test.each([
  ...["", " ", ":", "localhost", "0.0.0.0", "localhost:", "65536", "localhost:65536", "1e3", "-1"],
  ...["::1", "::1:8080", "[::1]", "[localhost]:8080", "[]:8080", "a b:80", "http://localhost:80"],
  ...["unix:", "unix:sluice.sock", "unix:./sluice.sock", `unix:/${"a".repeat(103)}`, "/run/a.sock"],
])("%j is no address", (text) => {
  expect(parseListenAddress(text)).toBeNull();
});

test("--host and --port are the address if --listen gives none", () => {
  const single = { host: "::1", port: 9000 };

  expect(listenAddresses({ listen: [], ...single })).toEqual([single]);
  expect(listenAddresses({ listen: ["8080", "unix:/a"], ...single })).toEqual([
    { host: "127.0.0.1", port: 8080 },
    { path: "/a" },
  ]);
});

test("a client may name the hosts of all addresses", () => {
  const listen = [":1", "sluice.example:2", "unix:/a", "[::1]:3"];

  expect(listenHosts({ listen, host: "127.0.0.1", port: 1 })).toEqual(["sluice.example", "::1"]);
});
