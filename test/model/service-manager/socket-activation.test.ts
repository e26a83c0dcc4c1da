// Socket activation as systemd does it: the command gets bound sockets as descriptors from 3 on, and listens on these.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { request } from "node:http";
import { type AddressInfo, createServer, type ListenOptions, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { childrenOf } from "../../support/processes.ts";

const MAIN = path.resolve(import.meta.dirname, "../../../dist/main.js");
const folder = mkdtempSync(path.join(tmpdir(), "sluice-activation-"));
afterAll(() => rmSync(folder, { recursive: true }));

const closings: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});

async function bound(where: ListenOptions): Promise<Server> {
  const server = createServer().listen(where);
  await once(server, "listening");
  return server;
}

/** A shell sets LISTEN_PID to its own id, and becomes the server. The parent keeps no socket. */
function activate(sockets: readonly Server[], variables = "LISTEN_PID=$$") {
  const descriptors = sockets.map(
    (socket) => (socket as unknown as { _handle: { fd: number } })._handle.fd, // no public name for it
  );
  const words = [process.execPath, MAIN, "--log-format=json", "--gpu=off", "--port=0"];
  const command = `${variables} LISTEN_FDS=${sockets.length} exec ${words.join(" ")}`;
  const child = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "pipe", ...descriptors] });
  for (const socket of sockets) socket.close();
  const output = { out: "", err: "" };
  child.stdout?.on("data", (bytes) => (output.out += bytes));
  child.stderr?.on("data", (bytes) => (output.err += bytes));
  const ended = once(child, "close");
  closings.push(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const logs = async (message: string) => {
    while (!output.out.includes(message)) {
      const more = child.stdout ? once(child.stdout, "data") : ended;
      if ((await Promise.race([more, ended])).length > 1) throw new Error(output.err);
    }
    return output.out.split("\n").find((line) => line.includes(message)) ?? "";
  };
  return { child, output, ended, logs };
}

test("listens on the sockets that it has inherited, and on no others", async () => {
  const tcp = await bound({ host: "127.0.0.1", port: 0 });
  const { port } = tcp.address() as AddressInfo;
  const given = path.join(folder, "given.sock");
  const unix = await bound({ path: given });
  const socketPath = path.join(folder, "sluice.sock");
  renameSync(given, socketPath); // the parent removes its own path when it closes the socket

  const { child, ended, logs } = activate([tcp, unix]);
  const { urls } = JSON.parse(await logs("listening"));
  const overUnix = request({ socketPath, path: "/health", agent: false }).end();
  const [answer] = await once(overUnix, "response");

  expect(urls).toEqual([`http://127.0.0.1:${port}`, "fd:4"]);
  expect(answer.resume().statusCode).toBe(200);
  expect((await fetch(`${urls[0]}/health`)).status).toBe(200);
  await logs('"ready"');
  expect(childrenOf(child.pid ?? 0).length).toBeGreaterThan(0);
  child.kill("SIGTERM");
  expect((await ended)[0]).toBe(0);
});

test("ignores sockets that are for another process", async () => {
  const tcp = await bound({ host: "127.0.0.1", port: 0 });
  const { port } = tcp.address() as AddressInfo;

  const { logs } = activate([tcp], "LISTEN_PID=1");

  const { urls } = JSON.parse(await logs("listening"));
  expect(urls).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)]);
  expect(urls).not.toContain(`http://127.0.0.1:${port}`);
});

test("requires a key for an inherited address that other machines can reach", async () => {
  const { ended, output } = activate([await bound({ host: "0.0.0.0", port: 0 })]);

  expect((await ended)[0]).toBe(1);
  expect(output.err).toMatch(
    /^sluice: the address is "0\.0\.0\.0": other machines can connect, so it requires --api-key or --keys-file/,
  );
});
