// The real embedding worker beside the one that generates: neither disturbs the other. The phases of its life are tested with a
// scripted process in service/queue/embedding-worker.test.ts.

import { afterEach, expect, test } from "vitest";
import { rawPost } from "../support/clients/raw-client.ts";
import { chat, post } from "../support/clients/sse-client.ts";
import { writeTinyBert } from "../support/gguf/tiny-gguf.ts";
import { type RunningService, startWithModel, until } from "../support/start-service.ts";

const short = { input: "the cat" };

let running: RunningService;
let url: string;
afterEach(async () => running.close());

async function start(embeddingModel: string): Promise<void> {
  running = await startWithModel({ threads: 1, slots: 2, embeddingModel });
  url = `${running.url}/v1/embeddings`;
}

const workerPid = () =>
  running.service.models.resolveEmbedding(null, "embed").model.engine.status().workerPid;

test("an interrupted computation ends its own process, and does not affect the chat model", async () => {
  // Its longest input takes far longer than it takes to disconnect.
  await start(writeTinyBert({ pooling: "cls", contextTokens: 8192, layers: 16, width: 64 }));
  const chatUrl = `${running.url}/v1/chat/completions`;
  const body = chat({ temperature: 0, max_tokens: 16, ignore_eos: true });
  const contentOf = async () =>
    ((await (await post(chatUrl, body)).json()) as { choices: { message: object }[] }).choices[0];
  const alone = await contentOf();
  const before = running.service.engine.status().workerPid;
  await post(url, short);
  const client = await rawPost(url, { input: "a ".repeat(8190) });
  await until(() => running.service.embeddingQueue.busy === 1, "the long input is computed");

  const beside = await contentOf();
  client.socket.destroy();
  await until(() => workerPid() === null, "the process has been ended");
  const after = await contentOf();

  expect([beside, after]).toEqual([alone, alone]);
  expect(running.service.engine.status()).toMatchObject({ workerPid: before, workerRestarts: 0 });
});

test("a file that cannot be loaded affects only embeddings", async () => {
  await start("/nowhere/nothing.gguf");

  const response = await post(url, short);
  const generated = await post(`${running.url}/v1/chat/completions`, chat());

  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    error: { code: "model_unusable", message: expect.stringContaining("nothing.gguf") },
  });
  expect(generated.status).toBe(200);
});
