// `npm run page-speed`: how fast the chat page opens in Chromium on a slow line, for the first time and again. Serves the build with
// the built-in model.

import { spawn } from "node:child_process";
import path from "node:path";
import type { Browser, CDPSession } from "playwright-core";
import { startBrowser } from "../test/support/clients/browser.ts";

const MAIN = path.join(import.meta.dirname, "../dist/main.js");
const ROUNDS = 5;
/** A phone with a weak connection: 1.6 Mbit/s, 150 ms. */
const LINE = {
  offline: false,
  latency: 150,
  downloadThroughput: 1_600_000 / 8,
  uploadThroughput: 750_000 / 8,
};

type Figures = {
  readonly firstContentMs: number;
  /** Until the message field can be used. */
  readonly usableMs: number;
  readonly requests: number;
  readonly kilobytes: number;
};

const server = spawn(process.execPath, [MAIN, "--port", "0"], {
  stdio: ["ignore", "pipe", "inherit"],
});
const browser = await startBrowser();
try {
  const url = await addressOf(server.stdout);
  const first: Figures[] = [];
  const again: Figures[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
    first.push(await open(context, url));
    again.push(await open(context, url));
    await context.close();
  }
  report("first visit", first);
  report("second visit", again);
} finally {
  await browser.close();
  server.kill();
}

async function addressOf(output: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const bytes of output) {
    text += String(bytes);
    const found = /"url":"([^"]+)"/.exec(text);
    if (found?.[1]) return found[1];
  }
  throw new Error(`the server did not start: ${text}`);
}

async function open(
  context: Awaited<ReturnType<Browser["newContext"]>>,
  url: string,
): Promise<Figures> {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", LINE);
  const received = countReceived(session);
  await page.goto(url, { waitUntil: "commit" });
  await page.getByRole("textbox", { name: "Message" }).waitFor();
  const usableMs = await page.evaluate(() => performance.now());
  await page.waitForLoadState("networkidle");
  const firstContentMs = await page.evaluate(
    () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN,
  );
  await page.close();
  return { firstContentMs, usableMs, ...received };
}

function countReceived(session: CDPSession): { requests: number; kilobytes: number } {
  const received = { requests: 0, kilobytes: 0 };
  session.on("Network.loadingFinished", ({ encodedDataLength }) => {
    received.requests += 1;
    received.kilobytes += encodedDataLength / 1000;
  });
  return received;
}

function report(name: string, rounds: readonly Figures[]): void {
  const median = (field: keyof Figures) => {
    const values = rounds.map((round) => round[field]).sort((one, other) => one - other);
    return Math.round(values[Math.floor(values.length / 2)] ?? Number.NaN);
  };
  console.log(
    `${name}: first content ${median("firstContentMs")} ms, usable ${median("usableMs")} ms, ` +
      `${median("requests")} requests, ${median("kilobytes")} KB (medians of ${rounds.length})`,
  );
}
