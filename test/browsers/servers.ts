// The servers under test: one with the built-in model, reachable directly and through a proxy that cuts connections, and one
// that requires a key.

import { type CuttingProxy, startCuttingProxy } from "../support/clients/cutting-proxy.ts";
import { startWithModel } from "../support/start-service.ts";

export type Servers = {
  readonly url: string;
  readonly proxy: CuttingProxy;
  readonly urlWithKey: string;
  readonly key: string;
  /** The long question and the model's constant answer to it. */
  readonly question: string;
  readonly answer: string;
  readonly slotsBusy: () => Promise<number>;
  readonly close: () => Promise<void>;
};

const QUESTION = "Count from 1 to 1000";
const KEY = "a-key-for-browsers-only";

export async function startServers(): Promise<Servers> {
  const open = await startWithModel({ threads: 1, slots: 1, heartbeatMs: 300 });
  const closed = await startWithModel({ threads: 1, slots: 1, apiKey: [KEY] });
  const proxy = await startCuttingProxy(open.url);
  return {
    url: open.url,
    proxy,
    urlWithKey: closed.url,
    key: KEY,
    question: QUESTION,
    answer: await answerOf(open.url),
    slotsBusy: async () => {
      const ready = (await (await fetch(`${open.url}/ready`)).json()) as { slots_busy: number };
      return ready.slots_busy;
    },
    close: async () => {
      proxy.close();
      await open.close();
      await closed.close();
    },
  };
}

async function answerOf(url: string): Promise<string> {
  const messages = [{ role: "user", content: QUESTION }];
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ messages, temperature: 0, max_tokens: 1500 }),
  });
  const answer = (await response.json()) as { choices: [{ message: { content: string } }] };
  return answer.choices[0].message.content;
}
