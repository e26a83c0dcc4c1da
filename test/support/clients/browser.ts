// A real browser for the tests of the page: the installed Chromium, or that of Debian's package.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

export type OpenedPage = {
  readonly page: Page;
  /** Errors reported by the page's code or by the browser. */
  readonly complaints: string[];
  /** Addresses that the page requested. */
  readonly asked: string[];
};

export type ScreenOptions = {
  /** A phone's screen and touch instead of a desktop's. */
  readonly isPhone?: boolean;
  readonly colorScheme?: "light" | "dark";
  readonly reducedMotion?: "reduce";
  /** Whether the page may install its service worker, whose requests a test cannot route. Default false. */
  readonly hasServiceWorker?: boolean;
};

type PageOptions = ScreenOptions & {
  readonly browser: Browser;
  readonly url: string;
  /** Called before the page is loaded. */
  readonly prepare?: (page: Page) => Promise<unknown>;
};

const BUILT_PAGE = path.resolve(import.meta.dirname, "../../../dist/web/index.html");
const INSTALL_MS = 240_000;
const PHONE = {
  viewport: { width: 390, height: 844 },
  ...{ deviceScaleFactor: 2, isMobile: true, hasTouch: true },
};
const DESK = { viewport: { width: 1280, height: 800 } };

/** Path of the program; null, with a warning, if it is not available. */
export const CHROMIUM = findChromium();

/** @throws Error if `CHROMIUM` is null; such tests are skipped */
export async function startBrowser(): Promise<Browser> {
  if (CHROMIUM === null) throw new Error("there is no browser");
  if (!existsSync(BUILT_PAGE)) throw new Error("the page is not built: npm run build");
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
}

export function newContext(browser: Browser, options: ScreenOptions): Promise<BrowserContext> {
  const { isPhone = false, hasServiceWorker = false, ...rest } = options;
  return browser.newContext({
    ...(isPhone ? PHONE : DESK),
    colorScheme: "light",
    serviceWorkers: hasServiceWorker ? "allow" : "block",
    ...rest,
  });
}

/** Opens a page in a new context, without data of other pages. */
export async function openPage(options: PageOptions): Promise<OpenedPage> {
  const { browser, url, prepare, ...screen } = options;
  const page = await (await newContext(browser, screen)).newPage();
  return load(page, url, prepare);
}

/** Loads the address and records what the page does. */
export async function load(
  page: Page,
  url: string,
  prepare?: PageOptions["prepare"],
): Promise<OpenedPage> {
  const complaints: string[] = [];
  const asked: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("request", (request) => asked.push(request.url()));
  await prepare?.(page);
  await page.goto(url);
  return { page, complaints, asked };
}

function findChromium(): string | null {
  const runs = (program: string) => spawnSync(program, ["--version"]).status === 0;
  const known = [process.env.CHROMIUM, "chromium", "google-chrome"];
  const there = known.find((program) => program !== undefined && runs(program));
  if (there !== undefined) return absolute(there);
  try {
    const options = { stdio: "pipe", timeout: INSTALL_MS } as const;
    // Two test files may need the browser at once; the second waits for the lock of the first.
    const locks = ["-o", `DPkg::Lock::Timeout=${INSTALL_MS / 1000}`];
    execFileSync("apt-get", [...locks, "update", "-q"], options);
    const install = ["install", "-qy", "--no-install-recommends", "chromium"];
    execFileSync("apt-get", [...locks, ...install], options);
    if (runs("chromium")) return absolute("chromium");
    throw new Error("it does not run here");
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    console.warn(`SKIPPED: tests of the page, since there is no Chromium: ${reason}`);
    return null;
  }
}

function absolute(program: string): string {
  return program.startsWith("/")
    ? program
    : execFileSync("which", [program], { encoding: "utf8" }).trim();
}
