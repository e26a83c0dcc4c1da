// Writes screenshots of the chat page's main states to docs/screenshots. Run with `npm run screenshots [NAME]`.

import { mkdirSync, statSync } from "node:fs";
import path from "node:path";
import type { Browser } from "playwright-core";
import { CHROMIUM, openPage, startBrowser } from "../test/support/clients/browser.ts";
import { PICTURES, type Picture } from "./screenshots/pictures.ts";
import { SERVERS } from "./screenshots/servers.ts";

const FOLDER = path.resolve(import.meta.dirname, "../docs/screenshots");

/** @returns the size of the file in bytes */
async function take(browser: Browser, picture: Picture): Promise<number> {
  const { name, server, shows, arrange, ...options } = picture;
  const { url, close } = await SERVERS[server]();
  try {
    const { page } = await openPage({ browser, url, ...options });
    await page.locator(".model-dot.is-ready").waitFor();
    await arrange(page);
    await page.locator(".brand img").evaluate((image: HTMLImageElement) => image.decode());
    const file = path.join(FOLDER, `${name}.png`);
    await page.mouse.move(0, 0); // no button is shown as hovered
    await page.screenshot({ path: file, animations: "disabled", caret: "hide" });
    await page.context().close();
    const { size } = statSync(file);
    console.log(`${path.relative(process.cwd(), file)}  ${Math.ceil(size / 1024)} KiB: ${shows}`);
    return size;
  } finally {
    await close();
  }
}

const [only] = process.argv.slice(2);
if (CHROMIUM === null) throw new Error("Chromium was not found and could not be installed");
mkdirSync(FOLDER, { recursive: true });
const browser = await startBrowser();
try {
  const chosen = PICTURES.filter(({ name }) => only === undefined || name.includes(only));
  let bytes = 0;
  for (const picture of chosen) bytes += await take(browser, picture);
  console.log(`${chosen.length} pictures, ${Math.ceil(bytes / 1024)} KiB in total`);
} finally {
  await browser.close();
}
