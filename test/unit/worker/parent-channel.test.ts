// How errors leave the worker process.

import { expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { wireError } from "../../../src/worker/parent-channel.ts";

test("an error that was meant for the client keeps its words", () => {
  const error = new ServiceError("template_error", "the template refuses", { param: "messages" });

  expect(wireError(error)).toEqual({
    code: "template_error",
    message: "the template refuses",
    param: "messages",
  });
});

test("the words of an inner error stay with the server", () => {
  const { code, message } = wireError(new Error("failed at /home/somebody/llama.cpp:12"));

  expect(code).toBe("generation_failed");
  expect(message).toBe("the engine failed; the log of the server says why");
});
