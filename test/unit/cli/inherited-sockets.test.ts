// Which descriptors are sockets for this process.

import { expect, test } from "vitest";
import { takeInheritedSockets } from "../../../src/cli/inherited-sockets.ts";

test.each([
  [{ LISTEN_PID: "7", LISTEN_FDS: "2" }, [3, 4]],
  [{ LISTEN_PID: "7", LISTEN_FDS: "1", LISTEN_FDNAMES: "http" }, [3]],
  [{ LISTEN_PID: "7", LISTEN_FDS: "0" }, []],
  [{ LISTEN_PID: "7", LISTEN_FDS: "x" }, []],
  [{ LISTEN_PID: "8", LISTEN_FDS: "2" }, []],
  [{ LISTEN_FDS: "2" }, []],
  [{}, []],
])("%j gives process 7 the descriptors %j, and no child has the variables", (given, expected) => {
  const env = { ...given, OTHER: "1" };

  expect(takeInheritedSockets(env, 7)).toEqual(expected);
  expect(env).toEqual({ OTHER: "1" });
});
