// The chat page in other browsers than Chromium. Run by `npm run browsers`; no part of `npm test`, since it installs them.

import { parseArgs } from "node:util";
import { CHROMIUM } from "../support/clients/browser.ts";
import type { Browser } from "./browser.ts";
import { CHECKS, type Check } from "./checks.ts";
import { programs } from "./programs.ts";
import { startPuppeteer } from "./puppeteer-browser.ts";
import { type Servers, startServers } from "./servers.ts";
import { startWebKit } from "./webkit-browser.ts";

type Outcome = {
  readonly browser: string;
  readonly version: string;
  readonly check: string;
  /** Null when it holds. */
  readonly problem: string | null;
};

const HELP = `npm run browsers [-- --only NAME]

Opens the chat page, with the built-in model behind it, in Firefox (over WebDriver BiDi), in WebKitGTK (over WebDriver, on
a display that nobody sees) and in Chromium, to compare. In each:

${CHECKS.map(({ name }) => `  ${name}`).join("\n")}

What is missing is installed with apt-get: firefox-esr; webkit2gtk-driver and xvfb; chromium. A browser that cannot be had
is named at the end, and is no failure. It exits with 1 when a check has failed, or when there was no browser at all.

What this cannot try: a real phone with its keyboard, its gestures and its sleep, and Safari itself. WebKitGTK has Safari's
engine, but another network stack, another storage and other fonts.

  --only NAME   firefox, webkit or chromium
  --check WORDS only the checks that have these words in their name`;

const BROWSERS = { firefox, webkit, chromium } as const satisfies Record<
  string,
  () => Promise<Browser>
>;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    check: { type: "string", default: "" },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) console.log(HELP);
else await main();

async function main(): Promise<void> {
  const wanted = Object.entries(BROWSERS).filter(([name]) => (values.only ?? name) === name);
  const checks = CHECKS.filter(({ name }) => name.includes(values.check));
  const missing: string[] = [];
  const outcomes: Outcome[] = [];
  const servers = await startServers();
  for (const [name, start] of wanted) {
    try {
      const browser = await start();
      outcomes.push(...(await tryAll(browser, checks, servers)));
    } catch (error) {
      missing.push(`${name}: ${(error as Error).message}`);
    }
  }
  await servers.close();
  report(outcomes, missing);
  const isFine = outcomes.length > 0 && outcomes.every(({ problem }) => problem === null);
  process.exit(isFine ? 0 : 1);
}

async function firefox(): Promise<Browser> {
  const [program] = programs(["firefox-esr"], ["firefox-esr"]);
  return startPuppeteer({ name: "Firefox ESR", kind: "firefox", program });
}

async function webkit(): Promise<Browser> {
  const [driver, display] = programs(["WebKitWebDriver", "Xvfb"], ["webkit2gtk-driver", "xvfb"]);
  return startWebKit({ driver, display });
}

async function chromium(): Promise<Browser> {
  if (CHROMIUM === null) throw new Error("there is none, and it cannot be installed");
  return startPuppeteer({ name: "Chromium", kind: "chrome", program: CHROMIUM });
}

async function tryAll(
  browser: Browser,
  checks: readonly Check[],
  servers: Servers,
): Promise<Outcome[]> {
  const { name, version } = browser;
  const outcomes: Outcome[] = [];
  try {
    for (const check of checks) {
      const problem = await tryOne(browser, check, servers);
      console.log(`${name} ${version}: ${check.name}: ${problem ?? "holds"}`);
      outcomes.push({ browser: name, version, check: check.name, problem });
    }
  } finally {
    await browser.close();
  }
  return outcomes;
}

/** @returns what is wrong; null when it holds */
async function tryOne(browser: Browser, check: Check, servers: Servers): Promise<string | null> {
  const tab = await browser.openTab();
  try {
    await check.run(tab, servers);
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await tab.close();
  }
}

function report(outcomes: readonly Outcome[], missing: readonly string[]): void {
  const rows = outcomes.map(({ browser, version, check, problem }) => [
    ...[browser, version, check],
    problem === null ? "holds" : `FAILS: ${problem}`,
  ]);
  const table = [["browser", "version", "check", "result"], ...rows];
  const width = (column: number) => Math.max(...table.map((row) => row[column]?.length ?? 0));
  const widths = [0, 1, 2].map(width);
  console.log("");
  for (const row of table)
    console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  for (const each of missing) console.warn(`NOT TRIED: ${each}`);
}
