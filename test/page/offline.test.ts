// The page without the server, and after the server has got another version of it.

import { describe, expect, test } from "vitest";
import { startCuttingProxy } from "../support/clients/cutting-proxy.ts";
import { answered, ask, lastAnswer } from "./chat-page.ts";
import { fakeChat, HAS_BROWSER } from "./fake-chat.ts";

describe.skipIf(!HAS_BROWSER)("the page", () => {
  const chat = fakeChat();

  test("opens with its chats while the server is down, and works again when it is back", async () => {
    const proxy = await startCuttingProxy(chat.url);
    const { page } = await chat.open({ url: proxy.url, hasServiceWorker: true });
    chat.says({ texts: ["I **am** here"] });
    await ask(page, "Are you there?");
    await answered(page);
    await page.evaluate(async () => {
      const { active } = await navigator.serviceWorker.ready;
      if (active?.state !== "activated")
        await new Promise((resolve) => active?.addEventListener("statechange", resolve));
    });
    proxy.refuse = true;
    proxy.cut();

    await page.reload();

    expect(await lastAnswer(page).locator(".markdown").innerHTML()).toContain(
      "<strong>am</strong>",
    );
    await page.getByText("Retrying").waitFor();
    proxy.refuse = false;
    await page.reload();
    chat.says({ texts: ["Again"] });
    await ask(page, "And now?");
    await answered(page);
    proxy.close();
  });

  test("says that the server has a newer one when a part of this one is gone", async () => {
    const notice = "newer version of this page";
    const { page } = await chat.open();
    await page.route("**/assets/models-dialog-*", (route) => route.fulfill({ status: 404 }));
    await page.getByRole("button", { name: /^Model: / }).click();
    await page.getByRole("menuitem", { name: "Manage models…" }).click();
    await page.getByText("could not be loaded").waitFor();
    await page.keyboard.press("Escape");
    expect(await page.getByText(notice).count()).toBe(0); // the server still has this version
    const html = '<script type="module" src="./assets/index-other.js"></script>';
    await page.route(`${chat.url}/`, (route) =>
      route.fulfill({ body: html, contentType: "text/html" }),
    );

    await page.getByRole("button", { name: /^Model: / }).click();
    await page.getByRole("menuitem", { name: "Manage models…" }).click();

    await page.getByText(notice).waitFor();
    await page.getByRole("button", { name: "Reload" }).waitFor();
  });
});
