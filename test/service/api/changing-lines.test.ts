// A line that differs in each request does not reach the engine, whichever API carries the system prompt.

import { afterEach, expect, test } from "vitest";
import { post } from "../../support/clients/sse-client.ts";
import { startWithFake } from "../../support/start-service.ts";

let running: Awaited<ReturnType<typeof startWithFake>>;
afterEach(async () => running.close());

const LINE = "x-anthropic-billing-header: cc_version=9.8.7.abc; cc_entrypoint=test; cch=12ab3;";
const SYSTEM = `${LINE}\nBe brief.`;
const messages = [{ role: "user", content: `${LINE} Hi` }];
const withSystem = [{ role: "system", content: SYSTEM }, ...messages];
const BODIES: readonly (readonly [path: string, body: object])[] = [
  ["/v1/messages", { max_tokens: 5, system: blocks(LINE, "Be brief."), messages }],
  ["/v1/messages/count_tokens", { system: SYSTEM, messages }],
  ["/v1/chat/completions", { messages: withSystem }],
  ["/v1/chat/completions/input_tokens", { messages: withSystem }],
  ["/v1/responses", { instructions: SYSTEM, input: messages }],
  [
    "/v1beta/models/builtin:generateContent",
    {
      systemInstruction: { parts: [{ text: SYSTEM }] },
      contents: [{ parts: [{ text: `${LINE} Hi` }] }],
    },
  ],
  ["/api/chat", { model: "builtin", stream: false, messages: withSystem }],
];

function blocks(...texts: string[]) {
  return texts.map((text) => ({ type: "text", text }));
}

test("no API sends it to the engine, and a user's message keeps it", async () => {
  running = await startWithFake();
  for (const [path, body] of BODIES)
    expect([path, (await post(running.url + path, body)).status]).toEqual([path, 200]);
  const rendered = await post(`${running.url}/apply-template`, { messages: withSystem });

  expect(await rendered.json()).toEqual({ prompt: `Be brief. ${LINE} Hi` });
  const prompts = running.engine.requests.map(({ prompt }) => prompt);
  expect(prompts.length).toBeGreaterThanOrEqual(BODIES.length);
  for (const prompt of prompts)
    expect(prompt).toMatchObject({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: `${LINE} Hi` },
      ],
    });
});

test("--keep-changing-lines sends it", async () => {
  running = await startWithFake({}, { keepChangingLines: true });
  await post(`${running.url}/v1/chat/completions`, { messages: withSystem });

  expect(running.engine.requests[0]?.prompt).toMatchObject({ messages: withSystem });
});
