// Tokens of an OpenID Connect provider instead of keys, over HTTP and WebSockets.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { chat, post } from "../../support/clients/sse-client.ts";
import { newKeysFile } from "../../support/keys.ts";
import { type RunningService, startWithFake, until } from "../../support/start-service.ts";

let running: RunningService | undefined;
afterEach(async () => running?.close());

/** An issuer that serves its configuration and its keys. */
async function startIssuer() {
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  const keys = [{ ...(await exportJWK(publicKey)), kid: "one" }];
  const server = createServer((req, res) => {
    const answer =
      req.url === "/keys" ? { keys } : { issuer: url, jwks_uri: `${url}/keys`, other: true };
    res.setHeader("content-type", "application/json").end(JSON.stringify(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const tokenOf = (sub: string, claims: object = {}, kid = "one") =>
    new SignJWT({ iss: url, aud: "sluice", sub, ...claims })
      .setProtectedHeader({ alg: "RS256", kid })
      .setExpirationTime("1m")
      .sign(privateKey);
  return { url, tokenOf, stop: () => server.close() };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function start(issuer: string, settings: Parameters<typeof startWithFake>[1] = {}) {
  const jwt = { jwtIssuer: issuer, jwtAudience: "sluice", jwtGroupClaim: "groups" };
  running = await startWithFake({}, { ...jwt, ...settings });
  return running;
}

test("a token of the issuer works as a key in every API; its owner has usage, and keys work beside it", async () => {
  const issuer = await startIssuer();
  const keys = newKeysFile();
  const bob = keys.add("bob", "--scope", "read,admin");
  keys.run("group", "lab", "--tokens-per-day", "3");
  const { url, logLines } = await start(issuer.url, { keysFile: keys.path });
  const alice = await issuer.tokenOf("1", { preferred_username: "alice" });

  const openai = await post(`${url}/v1/chat/completions`, chat(), bearer(alice));
  const anthropic = await post(
    `${url}/v1/messages`,
    { ...chat(), model: "builtin" },
    { "x-api-key": alice },
  );
  const denied = await fetch(`${url}/v1/models/builtin`, {
    method: "DELETE",
    headers: bearer(alice),
  });
  const wrong = await post(
    `${url}/v1/messages`,
    { ...chat(), model: "builtin" },
    { "x-api-key": `${alice}x` },
  );

  expect([openai.status, anthropic.status, denied.status, wrong.status]).toEqual([
    200, 200, 403, 401,
  ]);
  expect(await wrong.json()).toMatchObject({
    type: "error",
    error: { message: "this token is not valid" },
  });
  const usage = await (await fetch(`${url}/v1/usage`, { headers: bearer(alice) })).json();
  expect(usage).toMatchObject({ data: [{ key: "jwt:alice", requests: 2 }] });
  const all = await (await fetch(`${url}/v1/usage`, { headers: bob })).json();
  expect(all).toMatchObject({ data: [{ key: "bob" }, { key: "jwt:alice" }] });
  const metrics = await (await fetch(`${url}/metrics`, { headers: bob })).text();
  expect(metrics).toContain('sluice_key_requests_total{key="jwt:alice"} 2');
  expect(logLines).toContainEqual(expect.objectContaining({ msg: "request", key: "jwt:alice" }));

  const grouped = bearer(await issuer.tokenOf("2", { groups: ["lab"] }));
  expect((await post(`${url}/v1/chat/completions`, chat(), grouped)).status).toBe(200);
  const refused = await post(`${url}/v1/chat/completions`, chat(), grouped);
  expect(await refused.json()).toMatchObject({
    error: { message: expect.stringContaining("the group lab of this key has used its 3 tokens") },
  });
});

test("without other keys too, a request needs a token", async () => {
  const issuer = await startIssuer();
  const { url } = await start(issuer.url);

  expect((await post(`${url}/v1/chat/completions`, chat())).status).toBe(401);
  expect((await fetch(`${url}/health`)).status).toBe(200);
});

test("a token with a key that cannot be fetched is a 503 with Retry-After; known keys still work", async () => {
  const issuer = await startIssuer();
  const { url, logLines } = await start(issuer.url, { jwtJwks: "http://127.0.0.1:9/keys" });

  const refused = await post(
    `${url}/v1/chat/completions`,
    chat(),
    bearer(await issuer.tokenOf("1")),
  );

  expect(refused.status).toBe(503);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ error: { code: "key_set_unavailable" } });
  expect(logLines).toContainEqual(
    expect.objectContaining({ msg: expect.stringContaining("cannot fetch the keys of tokens") }),
  );
});

test("a WebSocket takes a token in its upgrade or in its first message, and what follows at once waits for it", async () => {
  const issuer = await startIssuer();
  const { url } = await start(issuer.url);
  const token = await issuer.tokenOf("1");
  const address = `${url.replace("http", "ws")}/v1/ws`;
  const body = { ...chat(), user: "x".repeat(5_000) }; // more than may come before a key
  const ask = JSON.stringify({ type: "request", id: "1", path: "/v1/chat/completions", body });
  const answerOf = async (socket: WebSocket) => {
    const messages: { type: string; status?: number }[] = [];
    socket.on("message", (data) => messages.push(JSON.parse(String(data))));
    while (!messages.some(({ type }) => type === "end")) await once(socket, "message");
    socket.close();
    return messages;
  };

  const first = new WebSocket(address, { headers: bearer(token) });
  await once(first, "open");
  first.send(ask);
  expect(await answerOf(first)).toMatchObject([{ type: "response", status: 200 }, { type: "end" }]);

  const second = new WebSocket(address);
  await once(second, "open");
  second.send(JSON.stringify({ type: "auth", key: token }));
  second.send(ask);
  expect(await answerOf(second)).toMatchObject([
    { type: "authenticated" },
    { type: "response", status: 200 },
    { type: "end" },
  ]);

  const third = new WebSocket(address);
  await once(third, "open");
  third.send(JSON.stringify({ type: "auth", key: `${token}x` }));
  const [code, reason] = await once(third, "close");
  expect([code, String(reason)]).toEqual([4401, "this token is not valid"]);
  const fourth = new WebSocket(address, { headers: bearer(`${token}x`) });
  const [, response] = await once(fourth, "unexpected-response");
  expect(response.statusCode).toBe(401);
  fourth.on("error", () => {}).terminate();
});

test("a key that looks like a token stays a key", async () => {
  const issuer = await startIssuer();
  const { url } = await start(issuer.url, { apiKey: ["team.lab.secret"] });
  const statusOf = async (key: string) =>
    (await post(`${url}/v1/chat/completions`, chat(), bearer(key))).status;

  expect(await statusOf("team.lab.secret")).toBe(200);
  expect(await statusOf("team.lab.other")).toBe(401);
});

test("a key set that never ends is not read to its end", async () => {
  const issuer = await startIssuer();
  let isClosed = false;
  const endless = createServer((_req, res) => {
    const more = () => {
      while (res.write(" ".repeat(65_536)));
    };
    res.on("drain", more).on("close", () => {
      isClosed = true;
    });
    more();
  });
  endless.listen(0, "127.0.0.1");
  await once(endless, "listening");
  onTestFinished(() => void endless.close());
  const jwtJwks = `http://127.0.0.1:${(endless.address() as AddressInfo).port}/keys`;
  const { url, logLines } = await start(issuer.url, { jwtJwks });

  const refused = await post(
    `${url}/v1/chat/completions`,
    chat(),
    bearer(await issuer.tokenOf("1")),
  );

  expect(refused.status).toBe(503);
  expect(logLines).toContainEqual(
    expect.objectContaining({ msg: expect.stringContaining("is longer than 1048576 bytes") }),
  );
  await until(() => isClosed, "the connection is closed");
});
