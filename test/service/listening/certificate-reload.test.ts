// A renewed certificate is used without a restart, and open connections go on.

import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect } from "node:tls";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeCertificate } from "../../support/clients/certificate.ts";
import { chat } from "../../support/clients/sse-client.ts";
import { untilNoticed } from "../../support/keys.ts";
import { startWithFake, until } from "../../support/start-service.ts";

const folder = mkdtempSync(path.join(tmpdir(), "sluice-renewal-"));
afterAll(() => rmSync(folder, { recursive: true }));
const first = makeCertificate(folder, "first");
const second = makeCertificate(folder, "second");
const cert = path.join(folder, "served.pem");
const key = path.join(folder, "served-key.pem");

let running: Awaited<ReturnType<typeof startWithFake>>;
const closings: (() => unknown)[] = [];

/** The certificate that a new connection gets. */
function servedCertificate(): Promise<string> {
  const { hostname: host, port } = new URL(running.url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? "");
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

const messages = () => running.logLines.map(({ msg }) => String(msg));

describe.skipIf(!first || !second)("when the certificate is renewed", () => {
  beforeEach(async () => {
    copyFileSync(first?.cert ?? "", cert);
    copyFileSync(first?.key ?? "", key);
    running = await startWithFake(
      { tokens: Number.POSITIVE_INFINITY, tokenMs: 5 },
      { tlsCert: cert, tlsKey: key },
    );
  });
  afterEach(async () => {
    for (const close of closings.splice(0)) close();
    await running.close();
  });

  test("new connections get it, and an open stream goes on", async () => {
    const before = await servedCertificate();
    const agent = new Agent({ ca: readFileSync(cert) });
    const req = request(`${running.url}/v1/chat/completions`, {
      ...{ agent, method: "POST", headers: { "content-type": "application/json" } },
    });
    closings.push(() => agent.destroy());
    req.on("error", () => {}); // from its own disconnect
    req.end(JSON.stringify(chat({ stream: true, max_tokens: 100_000 })));
    let seen = "";
    req.once("response", (res) => res.on("data", (bytes) => (seen += bytes)));
    await until(() => seen.includes("data: "), "tokens come");

    copyFileSync(second?.cert ?? "", cert);
    await untilNoticed(cert, () => messages().some((text) => text.includes("is not the key of")));
    expect(await servedCertificate()).toBe(before);
    copyFileSync(second?.key ?? "", key);
    await until(async () => (await servedCertificate()) !== before, "the new one is served");

    const { length } = seen;
    await until(() => seen.length > length, "the stream goes on");
    expect(messages().filter((text) => text.includes("keeping the previous"))).toEqual([
      `--tls-key: ${key} is not the key of the certificate in ${cert}; keeping the previous certificate`,
    ]);
    expect(messages()).toContain("the certificate has changed; new connections get it");
  });

  test("it is read at once when the service is told to", async () => {
    const before = await servedCertificate();
    copyFileSync(second?.cert ?? "", cert);
    copyFileSync(second?.key ?? "", key);

    running.service.rereadFiles();

    expect(await servedCertificate()).not.toBe(before);
  });

  test("a file that is no certificate changes nothing", async () => {
    const before = await servedCertificate();
    writeFileSync(cert, "no certificate");

    running.service.rereadFiles();
    running.service.rereadFiles();

    expect(await servedCertificate()).toBe(before);
    expect(messages().filter((text) => text.includes("is not a certificate"))).toHaveLength(1);
  });
});
