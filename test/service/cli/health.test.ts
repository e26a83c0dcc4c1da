// `sluice health` finds the server by the settings that the server was started with, and fails when there is none.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { runHealth } from "../../../src/cli/server/health.ts";
import { makeCertificate } from "../../support/clients/certificate.ts";
import { startWithFake } from "../../support/start-service.ts";

const folder = mkdtempSync(path.join(tmpdir(), "sluice-health-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("asks the port of the variable on loopback, for a server that listens on all addresses", async () => {
  const running = await startWithFake({}, { host: "0.0.0.0", allowNoKey: true });
  const { port } = new URL(running.url);
  const env = { SLUICE_HOST: "0.0.0.0", SLUICE_PORT: port };

  await runHealth([], env);
  await running.close();

  await expect(runHealth([], env)).rejects.toThrow(
    `http://localhost:${port} did not answer GET /health: ECONNREFUSED`,
  );
});

test("takes port and certificate from the configuration file, and does not check the certificate", async (context) => {
  const files = makeCertificate(folder, "server");
  if (!files) return context.skip("openssl made no certificate");
  const running = await startWithFake({}, { tlsCert: files.cert, tlsKey: files.key });
  const config = path.join(folder, "sluice.yaml");
  const { port } = new URL(running.url);
  writeFileSync(config, `port: ${port}\ntls-cert: ${files.cert}\ntls-key: ${files.key}\n`);

  await runHealth([], { SLUICE_CONFIG: config });
  await expect(runHealth(["--url", `http://127.0.0.1:${port}`], {})).rejects.toThrow(
    /did not answer/,
  );
  await running.close();
});

test("asks over the Unix socket that the server listens on", async () => {
  const listen = `unix:${path.join(folder, "sluice.sock")}`;
  const running = await startWithFake({}, { listen: [listen] });

  await runHealth([], { SLUICE_LISTEN: listen });
  await running.close();
});

test("refuses a wrong address and a word", async () => {
  await expect(runHealth(["--url", "localhost"], {})).rejects.toThrow('--url is "localhost"');
  await expect(runHealth(["now"], {})).rejects.toThrow("health takes no name");
});
