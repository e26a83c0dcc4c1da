// Output of a worker is logged only if it cannot contain client data.

import { expect, test } from "vitest";
import { loggable } from "../../../src/engine/worker-output.ts";

test.each([
  "ggml_cuda_init: failed to initialize CUDA: no CUDA-capable device is detected",
  "llama_model_load: error loading model: file is truncated",
  "CUDA error: out of memory",
  "/src/llama.cpp/ggml/src/ggml.c:1234: GGML_ASSERT(ctx->mem_buffer != NULL) failed",
  "terminate called after throwing an instance of 'std::bad_alloc'",
  "  what():  std::bad_alloc",
  "    at Run.accept (file:///app/dist/worker/run.js:80:11)",
  "Node.js v20.20.2",
])("shows %s", (line) => {
  expect(loggable(line)).toBe(line);
});

test.each([
  'root ::= "a secret" ( nothere',
  "parse: error parsing grammar: expecting newline or end at secret",
  '"messages": "what somebody asked"',
  "",
])("does not show %s", (line) => {
  expect(loggable(line)).toBeNull();
});

test("logs the name of an error without its message", () => {
  expect(loggable("TypeError: Cannot read 'secret' of undefined")).toBe("TypeError");
});
