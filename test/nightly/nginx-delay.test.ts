// Measures the delay of the first token through the real nginx. Run it on a quiet machine.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { runNginx } from "../proxy/run-nginx.ts";
import { chat, postSse } from "../support/clients/sse-client.ts";
import { findProgram } from "../support/programs/debian-program.ts";
import { startWithFake } from "../support/start-service.ts";

const folder = mkdtempSync(path.join(tmpdir(), "sluice-nginx-"));
const program = findProgram({ name: "nginx", file: "usr/sbin/nginx", versionFlag: "-v", folder });
const CHAT = "/v1/chat/completions";
const MOST_LATER_MS = 20;
const ROUNDS = 21;
afterAll(() => rmSync(folder, { recursive: true }));

async function firstTokenMs(url: string): Promise<number> {
  const startedAtMs = performance.now();
  const { events, leave } = await postSse(`${url}${CHAT}`, chat({ stream: true }));
  for await (const event of events) {
    if (event.type === "frame" && event.message.data.includes('"content":"')) break;
  }
  leave();
  return performance.now() - startedAtMs;
}

const medianOf = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

describe.skipIf(program === null)("behind nginx", () => {
  test(`the first token arrives at most ${MOST_LATER_MS} ms later`, { retry: 2 }, async () => {
    const service = await startWithFake(
      { prefillMs: 5, tokenMs: 5, tokens: 8 },
      { allowedHost: ["sluice.example"] },
    );
    const nginx = await runNginx({ program: program ?? "", folder, target: service.url });
    const direct: number[] = [];
    const through: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      direct.push(await firstTokenMs(service.url));
      through.push(await firstTokenMs(nginx.url));
    }
    await nginx.close();
    await service.close();

    const laterMs = medianOf(through) - medianOf(direct);
    console.log(
      `first token: ${medianOf(direct).toFixed(1)} ms direct, ${laterMs.toFixed(1)} ms later through nginx`,
    );
    expect(laterMs).toBeLessThan(MOST_LATER_MS);
  });
});
