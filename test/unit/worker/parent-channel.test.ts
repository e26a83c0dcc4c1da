// How errors are sent to the server process.

import { expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { wireError } from "../../../src/worker/parent-channel.ts";

test("an error for the client keeps its message", () => {
  const error = new ServiceError("template_error", "the template refuses", { field: "messages" });

  expect(wireError(error)).toEqual({
    code: "template_error",
    message: "the template refuses",
    field: "messages",
    param: null,
    counts: null,
    memory: null,
  });
});

test("the message of an internal error is not sent to the client", () => {
  const { code, message } = wireError(new Error("failed at /home/somebody/llama.cpp:12"));

  expect(code).toBe("generation_failed");
  expect(message).toBe("the engine failed; the server log has the reason");
});
