// Sluice behind the real Caddy with deploy/Caddyfile, over a Unix socket: tokens arrive as they are generated, and a disconnect stops
// them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { chat, post, postSse } from "../support/clients/sse-client.ts";
import type { FakeEngineOptions } from "../support/engines/fake-engine.ts";
import { findProgram } from "../support/programs/debian-program.ts";
import { freePort } from "../support/programs/free-port.ts";
import { startWithFake, until } from "../support/start-service.ts";

const SHIPPED = path.resolve(import.meta.dirname, "../../deploy/Caddyfile");
const CHAT = "/v1/chat/completions";
const folder = mkdtempSync(path.join(tmpdir(), "sluice-caddy-"));
const program = findProgram({
  name: "caddy",
  file: "usr/bin/caddy",
  versionFlag: "version",
  folder,
});

const closings: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** deploy/Caddyfile with another address, without HTTPS and without Caddy's own port for administration. */
function siteConfig(address: string, socket: string): string {
  const changes = [
    ["sluice.example.org {", `${address} {`],
    ["unix//run/sluice/sluice.sock", `unix/${socket}`],
  ] as const;
  let text = readFileSync(SHIPPED, "utf8");
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`deploy/Caddyfile has no line with ${from}`);
    text = text.replace(from, to);
  }
  return `{\n\tadmin off\n}\n${text}`;
}

async function behindCaddy(engine: FakeEngineOptions = {}) {
  const socket = path.join(folder, "sluice.sock");
  const running = await startWithFake(engine, {
    ...{ listen: [`unix:${socket}`], trustProxy: ["loopback"] },
    allowedHost: ["sluice.example"],
  });
  closings.push(running.close);
  const url = `http://127.0.0.1:${await freePort()}`;
  const config = path.join(folder, "Caddyfile");
  writeFileSync(config, siteConfig(url, socket));
  const args = ["run", "--config", config, "--adapter", "caddyfile"];
  const child = spawn(program ?? "", args, {
    env: { ...process.env, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (bytes) => (errors += bytes));
  closings.push(async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
  });
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`caddy ended: ${errors}`);
    return fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  }, "caddy listens");
  return { ...running, url };
}

describe.skipIf(program === null)("behind Caddy", () => {
  test("tokens are passed on as they are generated, and the client's address is known", async () => {
    const endless = { texts: ["word "], tokens: Number.POSITIVE_INFINITY, tokenMs: 5 };
    const { url, service, logLines } = await behindCaddy(endless);
    const { response, leave } = await postSse(
      `${url}${CHAT}`,
      chat({ stream: true, max_tokens: 100_000 }),
    );
    let text = "";
    for await (const bytes of response.body ?? []) {
      text += Buffer.from(bytes).toString();
      if (text.split('"content":"word').length > 5) break; // the answer would never end
    }

    leave();

    await until(() => service.queue.inside === 0, "the disconnect has stopped it");
    await until(() => logLines.some(({ msg }) => msg === "request"), "it is logged");
    expect(logLines.find(({ msg }) => msg === "request")?.client).toBe("127.0.0.1");
  });

  test("a body that is too large is refused", async () => {
    const { url } = await behindCaddy();

    expect((await post(`${url}${CHAT}`, " ".repeat(4_500_000))).status).toBe(413);
  });
});
