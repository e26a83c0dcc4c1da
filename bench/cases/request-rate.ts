// Tiny buffered answers over keep-alive, driven by autocannon: what a request costs.

import autocannon from "autocannon";
import type { Case } from "../case.ts";

const CONNECTIONS = 8;
const SECONDS = 5;

export const requestRate: Case = {
  name: "request-rate",
  help: `autocannon, ${CONNECTIONS} connections, ${SECONDS} s: buffered answers of one token per second`,

  async run({ url, model }) {
    const result = await autocannon({
      url: `${url}/v1/chat/completions`,
      connections: CONNECTIONS,
      duration: SECONDS,
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer none" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "Hi" }], max_tokens: 1 }),
    });
    return {
      "answers/s": result.requests.average,
      "latency p50 ms": result.latency.p50,
      "latency p99 ms": result.latency.p99,
      "not 2xx": result.non2xx + result.errors,
    };
  },
};
