// Long runs of one kind of character: the pre-tokenizers of many models recurse for each of them, and would overflow the stack.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { post } from "../support/clients/sse-client.ts";
import { BUILTIN_MODEL, type RunningService, startWithModel } from "../support/start-service.ts";

/** Values of `tokenizer.ggml.pre`, of the same length. */
const [OWN, OTHER] = ["smollm", "tekken"];
/** Twice as many as the stack holds. */
const CHARS = 40_000;

let folder: string;
let service: RunningService;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "sluice-runs-"));
  const model = path.join(folder, "model.gguf");
  const bytes = await readFile(BUILTIN_MODEL);
  const at = bytes.indexOf(OWN, bytes.indexOf("tokenizer.ggml.pre"));
  bytes.write(OTHER, at);
  await writeFile(model, bytes);
  service = await startWithModel({ model, threads: 1 });
});
afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true });
});

const RUNS = ["-", "Z", "z", " ", "\n", "7", "中", "😀", "Aa"];

test.each(RUNS)("a chat, a prompt and a text of many %j get an answer or a 400", async (run) => {
  const text = `a${run.repeat(CHARS / run.length)}b`;
  const bodies: [path: string, body: object][] = [
    ["v1/chat/completions", { messages: [{ role: "user", content: text }], max_tokens: 1 }],
    ["v1/completions", { prompt: text, max_tokens: 1 }],
    ["tokenize", { content: text }],
  ];

  for (const [route, body] of bodies)
    expect([200, 400]).toContain((await post(`${service.url}/${route}`, body)).status);

  expect(service.service.engine.status().workerRestarts).toBe(0);
});
