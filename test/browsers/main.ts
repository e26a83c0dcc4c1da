// Checks the chat page in browsers other than Chromium. Run by `npm run browsers`; not part of `npm test`, because it
// installs the browsers.

import { parseArgs } from "node:util";
import { CHROMIUM } from "../support/clients/browser.ts";
import type { Browser } from "./browser.ts";
import { CHECKS, type Check } from "./checks.ts";
import { findPrograms } from "./programs.ts";
import { startPuppeteer } from "./puppeteer-browser.ts";
import { type Servers, startServers } from "./servers.ts";
import { startWebKit } from "./webkit-browser.ts";

type Outcome = {
  readonly browser: string;
  readonly version: string;
  readonly check: string;
  /** Null if the check passes. */
  readonly problem: string | null;
};

const HELP = `npm run browsers [-- --only NAME]

Opens the chat page with the built-in model in Firefox (over WebDriver BiDi), in WebKitGTK (over WebDriver, on a virtual
display) and, for comparison, in Chromium. Checks in each:

${CHECKS.map(({ name }) => `  ${name}`).join("\n")}

Missing programs are installed with apt-get: firefox-esr; webkit2gtk-driver and xvfb; chromium. A browser that cannot be
installed is listed at the end and is not a failure. Exits with 1 if a check has failed or no browser was available.

Not covered: a real phone with its keyboard, gestures and sleep, and Safari itself. WebKitGTK has Safari's engine, but a
different network stack, storage and fonts.

  --only NAME   firefox, webkit or chromium
  --check WORDS run only checks whose name contains these words`;

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
  const unavailable: string[] = [];
  const outcomes: Outcome[] = [];
  const servers = await startServers();
  for (const [name, start] of wanted) {
    try {
      const browser = await start();
      outcomes.push(...(await runChecks(browser, checks, servers)));
    } catch (error) {
      unavailable.push(`${name}: ${(error as Error).message}`);
    }
  }
  await servers.close();
  report(outcomes, unavailable);
  const hasPassed = outcomes.length > 0 && outcomes.every(({ problem }) => problem === null);
  process.exit(hasPassed ? 0 : 1);
}

async function firefox(): Promise<Browser> {
  const [program] = findPrograms(["firefox-esr"], ["firefox-esr"]);
  return startPuppeteer({ name: "Firefox ESR", kind: "firefox", program });
}

async function webkit(): Promise<Browser> {
  const [driver, display] = findPrograms(
    ["WebKitWebDriver", "Xvfb"],
    ["webkit2gtk-driver", "xvfb"],
  );
  return startWebKit({ driver, display });
}

async function chromium(): Promise<Browser> {
  if (CHROMIUM === null) throw new Error("Chromium was not found and cannot be installed");
  return startPuppeteer({ name: "Chromium", kind: "chrome", program: CHROMIUM });
}

async function runChecks(
  browser: Browser,
  checks: readonly Check[],
  servers: Servers,
): Promise<Outcome[]> {
  const { name, version } = browser;
  const outcomes: Outcome[] = [];
  try {
    for (const check of checks) {
      const problem = await runCheck(browser, check, servers);
      console.log(`${name} ${version}: ${check.name}: ${problem ?? "passed"}`);
      outcomes.push({ browser: name, version, check: check.name, problem });
    }
  } finally {
    await browser.close();
  }
  return outcomes;
}

/** @returns what is wrong; null if the check passes */
async function runCheck(browser: Browser, check: Check, servers: Servers): Promise<string | null> {
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

function report(outcomes: readonly Outcome[], unavailable: readonly string[]): void {
  const rows = outcomes.map(({ browser, version, check, problem }) => [
    browser,
    version,
    check,
    problem === null ? "passed" : `FAILED: ${problem}`,
  ]);
  const table = [["browser", "version", "check", "result"], ...rows];
  const width = (column: number) => Math.max(...table.map((row) => row[column]?.length ?? 0));
  const widths = [0, 1, 2].map(width);
  console.log("");
  for (const row of table)
    console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  for (const each of unavailable) console.warn(`NOT AVAILABLE: ${each}`);
}
