// Firefox over WebDriver BiDi, and Chromium for comparison.

import puppeteer, { type Page, type Browser as PuppeteerBrowser } from "puppeteer-core";
import { type Browser, callOf, type Tab } from "./browser.ts";

type Which = {
  readonly name: string;
  readonly kind: "firefox" | "chrome";
  readonly program: string;
};

const HEIGHT = 800;

export async function startPuppeteer({ name, kind, program }: Which): Promise<Browser> {
  const puppeteerBrowser = await puppeteer.launch({
    browser: kind,
    executablePath: program,
    headless: true,
    ...(kind === "chrome" ? { args: ["--no-sandbox"] } : {}),
    defaultViewport: { width: 1280, height: HEIGHT },
  });
  const version = (await puppeteerBrowser.version()).replace(/^.*\//, "");
  return {
    name,
    version,
    openTab: () => openTab(puppeteerBrowser),
    close: () => puppeteerBrowser.close(),
  };
}

async function openTab(puppeteerBrowser: PuppeteerBrowser): Promise<Tab> {
  const context = await puppeteerBrowser.createBrowserContext();
  const page = await context.newPage();
  const consoleErrors: string[] = [];
  page.on("pageerror", (error) => consoleErrors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") consoleErrors.push(message.text());
  });
  return {
    open: async (url) => void (await page.goto(url)),
    reload: async () => void (await page.reload()),
    run: async (code, ...args) => (await page.evaluate(callOf(code, args))) as never, // the function's own result
    click: (selector) => page.click(selector),
    type: (selector, text) => replace(page, selector, text),
    press: (key) => page.keyboard.press(key),
    narrow: (width) => page.setViewport({ width, height: HEIGHT }),
    consoleErrors: async () => consoleErrors,
    close: () => context.close(),
  };
}

async function replace(page: Page, selector: string, text: string): Promise<void> {
  await page.click(selector);
  await page.keyboard.down("Control");
  await page.keyboard.press("a");
  await page.keyboard.up("Control");
  await page.keyboard.type(text);
}
