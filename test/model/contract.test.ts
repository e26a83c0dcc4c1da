// Checks the answers of the real model against the schemas of the OpenAPI document.

import { afterAll, beforeAll, expect, test } from "vitest";
import { operations } from "../../src/api/openapi/operations.ts";
import { eventsOf, expectHeldTo, placeOf } from "../support/clients/expect-schema.ts";
import { post } from "../support/clients/sse-client.ts";
import { type RunningService, startWithModel } from "../support/start-service.ts";

let running: RunningService;
beforeAll(async () => {
  running = await startWithModel({ threads: 1 });
});
afterAll(async () => running.close());

const parameters = { type: "object", properties: { city: { type: "string" } } };
const messages = [{ role: "user", content: "What is the weather in Paris?" }];
const cold = { temperature: 0 };

/** Bodies for single routes; all other routes get the document's example. The built-in model can neither infill nor rank. */
const BODIES: Readonly<Record<string, object>> = {
  "/v1/chat/completions": {
    ...{
      messages,
      ...cold,
      max_tokens: 60,
      logprobs: true,
      top_logprobs: 2,
      return_progress: true,
    },
    tools: [{ type: "function", function: { name: "get_weather", parameters } }],
  },
  "/v1/completions": { prompt: "Once", max_tokens: 20, logprobs: 2, echo: true, ...cold },
  "/v1/responses": {
    ...{ input: messages, ...cold, max_output_tokens: 60, top_logprobs: 1 },
    tools: [{ type: "function", name: "get_weather", parameters }],
  },
  "/v1/messages": {
    ...{ messages, ...cold, max_tokens: 60 },
    tools: [{ name: "get_weather", input_schema: parameters }],
  },
};

/** Cancelling and pulling need no model. */
const ANSWERED = operations().filter(
  ({ path, method, answers }) =>
    !/infill|rerank|cancel|pull/.test(path) &&
    method !== "delete" &&
    answers[0]?.schema !== undefined,
);

async function idFor(path: string): Promise<string> {
  if (!path.startsWith("/v1/responses/")) return running.service.models.resolve(null).id;
  const response = await post(`${running.url}/v1/responses`, BODIES["/v1/responses"]);
  return ((await response.json()) as { readonly id: string }).id;
}

test.each(ANSWERED.map((each) => [`${each.method} ${each.path}`, each] as const))(
  "%s",
  async (_name, { path, contract, answers }) => {
    const place = placeOf(path, running.service.models.resolve(null).id);
    const url =
      running.url + (path.includes("{id}") ? place.replace("{id}", await idFor(path)) : place);
    const body = BODIES[path] ?? contract?.example;

    const response = await (body ? post(url, body) : fetch(url));

    expect(response.status).toBe(200);
    if (answers[0]?.schema) expectHeldTo(answers[0].schema[1], await response.json());
    if (!contract?.event) return;
    const events = await eventsOf(await post(url, { ...body, stream: true }));
    for (const event of events)
      if (event !== contract.lastData) expectHeldTo(contract.event, event);
    expect(events.length).toBeGreaterThan(path === "/v1/models/load" ? 0 : 2); // it is loaded already
  },
);
