// Several models on the chat page: the picker, a model that is loaded by a question, and the panel that manages the models.

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { ServiceError } from "../../src/errors.ts";
import { FakeEngine } from "../support/engines/fake-engine.ts";
import { BUILTIN_MODEL } from "../support/start-service.ts";
import { answered, ask, lastAnswer } from "./chat-page.ts";
import { fakeChat, HAS_BROWSER } from "./fake-chat.ts";
import { stubModelAdmin } from "./stub-model-admin.ts";

const SMALL = new FakeEngine({ texts: ["The small one"], model: { contextTokens: 512 } });
const BROKEN = new FakeEngine({
  loadFailure: new ServiceError("internal_error", "the file is damaged"),
});
const SERVED = {
  heartbeatMs: 100,
  model: [
    { path: BUILTIN_MODEL, name: "main", isPinned: true },
    { path: BUILTIN_MODEL, name: "small", aliases: ["tiny"] },
    { path: BUILTIN_MODEL, name: "broken" },
  ],
  embeddingModel: "vectors.gguf",
};

const picker = (page: Page) => page.getByRole("button", { name: /^Model: / });
const items = (page: Page) => page.getByRole("menuitemradio");
const focusedText = (page: Page) => page.evaluate(() => document.activeElement?.textContent);

async function choose(page: Page, name: RegExp): Promise<void> {
  await picker(page).click();
  await items(page).filter({ hasText: name }).click();
}

describe.skipIf(!HAS_BROWSER)("the model picker", () => {
  const chat = fakeChat(SERVED, { small: SMALL, broken: BROKEN });

  test("lists each model that can chat once, with its state and size", async () => {
    const { page } = await chat.open();
    await picker(page).click();

    expect(await items(page).allTextContents()).toEqual([
      expect.stringMatching(/^mainready · \d+ \wB$/),
      expect.stringMatching(/^smallnot loaded · \d+ \wB$/),
      expect.stringMatching(/^brokennot loaded · \d+ \wB$/),
    ]);
    await page.getByRole("menuitemradio", { name: /^small not loaded/ }).waitFor();
    expect(await items(page).first().getAttribute("aria-checked")).toBe("true");
  });

  test("is used with arrow keys, and gives the focus back", async () => {
    const { page } = await chat.open();
    await picker(page).press("Enter");
    expect(await focusedText(page)).toMatch(/^main/);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");

    expect(await page.getByRole("menu").count()).toBe(0);
    expect(await focusedText(page)).toBe("Model: small (not loaded)");
    await page.keyboard.press("Enter");
    expect(await focusedText(page)).toMatch(/^small/);
    await page.keyboard.press("Escape");
    expect(await focusedText(page)).toMatch(/^Model: small/);
  });

  test("chooses a model for this chat, which the next question loads with its progress", async () => {
    const { page } = await chat.open();
    chat.says({ texts: ["The main one"] });
    SMALL.startLoading();
    await choose(page, /^small/);
    await ask(page, "Who are you?");
    await page.locator(".phase-line", { hasText: "Loading the model, 42%" }).waitFor();
    await picker(page).filter({ hasText: "(loading 42%)" }).waitFor();
    expect(await page.getByRole("img", { name: /context tokens used/ }).count()).toBe(0);

    SMALL.becomeReady();
    await lastAnswer(page).getByText("The small one").waitFor();
    await page.getByRole("img", { name: /of 512 context tokens used$/ }).waitFor();
    await page.reload();
    await answered(page);
    await picker(page).filter({ hasText: "small" }).waitFor();
    expect(SMALL.requests).toHaveLength(1);

    await page.getByRole("button", { name: "New chat" }).click();
    await picker(page).filter({ hasText: "main" }).waitFor();
  });

  test("shows why a model could not be loaded, until another one is chosen", async () => {
    const { page } = await chat.open();
    await choose(page, /^broken/);
    await ask(page, "Are you there?");
    await answered(page, "failed");
    const notice = page.locator(".notice", { hasText: "failed to load: the file is damaged" });
    await notice.waitFor();
    await picker(page).filter({ hasText: "(failed to load)" }).waitFor();

    await choose(page, /^main/);
    await notice.waitFor({ state: "detached" });
  });

  test("offers no panel to a key that the server does not let manage models", async () => {
    const { page } = await chat.open();
    await page.route("**/v1/models/pulls", (route) => route.fulfill({ status: 403, json: {} }));
    const refused = page.waitForResponse("**/v1/models/pulls");
    await picker(page).click();
    await refused;

    expect(await page.getByRole("menuitem").count()).toBe(0);
  });
});

describe.skipIf(!HAS_BROWSER)("the models panel", () => {
  const chat = fakeChat(SERVED, { small: SMALL, broken: BROKEN });

  const dialog = (page: Page) => page.getByRole("dialog", { name: "Models" });
  const row = (page: Page, name: string) =>
    dialog(page).getByRole("listitem").filter({ hasText: name });
  const field = (page: Page) => page.getByLabel("Download a model");

  async function openPanel(isPhone = false) {
    const { page } = await chat.open({ isPhone });
    const admin = await stubModelAdmin(page);
    await picker(page).click();
    await page.getByRole("menuitem", { name: "Manage models…" }).click();
    await dialog(page).waitFor();
    return { page, admin };
  }

  test("lists all models, and gives the focus back to the picker", async () => {
    const { page } = await openPanel();
    expect(await row(page, "vectors").textContent()).toContain("for embeddings");
    expect(await row(page, "small").textContent()).toContain("also tiny");
    expect(await page.getByRole("button", { name: "Delete main" }).count()).toBe(0);

    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "detached" });
    expect(await focusedText(page)).toMatch(/^Model: main/);
  });

  test("loads and unloads a model by one button, which keeps the focus", async () => {
    const { page, admin } = await openPanel();
    admin.hold();
    await page.getByRole("button", { name: "Unload main" }).press("Enter");
    await page.getByRole("button", { name: "Unloading… main" }).waitFor();
    admin.release();
    await page.getByRole("button", { name: "Unload main" }).waitFor();
    expect(await focusedText(page)).toBe("Unload");
    await page.getByRole("button", { name: "Load vectors" }).press("Enter");
    await dialog(page).getByRole("status").filter({ hasText: "vectors is loaded." }).waitFor();

    expect(admin.actions).toEqual(["unload main", "load vectors"]);
  });

  test("shows in one line why a model could not be loaded", async () => {
    const { page, admin } = await openPanel();
    admin.refuse("vectors needs 9.00 GB");
    await page.getByRole("button", { name: "Load vectors" }).click();

    await row(page, "vectors").getByRole("alert").filter({ hasText: "needs 9.00 GB" }).waitFor();
  });

  test("deletes a file after a confirmation", async () => {
    const { page, admin } = await openPanel();
    admin.offer("old/model");
    await page.getByRole("button", { name: "Load vectors" }).click(); // the list is read again after it
    const remove = page.getByRole("button", { name: "Delete old/model" });
    await remove.click();
    await page.getByRole("dialog", { name: "Delete old/model?" }).waitFor();
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    await remove.click();
    await page.getByRole("button", { name: "Delete the file" }).click();

    await remove.waitFor({ state: "detached" });
    expect(admin.actions).toEqual(["load vectors", "delete old/model"]);
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "detached" });
  });

  test("downloads a model, shows how far it is, and then offers it", async () => {
    const { page, admin } = await openPanel();
    await field(page).fill("qwen3:4b");
    await page.keyboard.press("Enter");
    const bar = page.getByRole("progressbar", { name: "Downloading qwen3:4b" });
    await bar.waitFor();
    await expect.poll(() => field(page).inputValue()).toBe("");

    admin.progress({ completed: 1_250_000_000, total: 2_500_000_000 });
    await row(page, "qwen3:4b").getByText("1.3 GB of 2.5 GB · 35 MB/s · about 40 s left").waitFor();
    expect(await bar.evaluate((each: HTMLProgressElement) => each.value)).toBe(0.5);
    admin.finish("qwen3-4b");
    await row(page, "qwen3-4b").getByRole("button", { name: "Load qwen3-4b" }).waitFor();

    expect(await bar.count()).toBe(0);
  });

  test("cancels a download, and shows why another one failed", async () => {
    const { page, admin } = await openPanel();
    await field(page).fill("qwen3:4b");
    await page.getByRole("button", { name: "Download", exact: true }).click();
    await page.getByRole("button", { name: "Cancel the download of qwen3:4b" }).click();
    await page.getByRole("progressbar").waitFor({ state: "detached" });

    await field(page).fill("hf:user/none");
    await page.keyboard.press("Enter");
    await page.getByRole("progressbar").waitFor();
    admin.fail("no such repository: user/none");
    await row(page, "hf:user/none").getByText("no such repository: user/none").waitFor();
    await page.getByRole("button", { name: "Try again to download hf:user/none" }).click();
    await page.getByRole("progressbar").waitFor();

    admin.refuse("nonsense is not a model");
    await field(page).fill("nonsense");
    await page.keyboard.press("Enter");
    await dialog(page).getByRole("alert").filter({ hasText: "is not a model" }).waitFor();
    expect(await field(page).inputValue()).toBe("nonsense");
  });

  test("fits on a phone, as the picker does", async () => {
    const { page, admin } = await openPanel(true);
    const long = "a-model-with-a-name-that-is-longer-than-a-phone-is-wide-Q4_K_M";
    admin.offer(long);
    await page.getByRole("button", { name: "Unload main" }).tap(); // the list is read again after it
    await row(page, long).waitFor();
    const wide = () =>
      page.evaluate(() =>
        [...document.querySelectorAll("html, .header, .dialog, .menu-entries")]
          .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
          .map(({ className, tagName }) => className || tagName),
      );
    expect(await wide()).toEqual([]);
    await page.getByRole("button", { name: "Close", exact: true }).tap();
    await picker(page).tap();
    expect(await wide()).toEqual([]);
    const box = await page.getByRole("menu").boundingBox();
    expect(box?.x).toBeGreaterThanOrEqual(0);
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(390);

    await items(page).filter({ hasText: long }).tap();
    const [button, next] = await Promise.all([
      picker(page).boundingBox(),
      page.getByRole("button", { name: "Developer tools" }).boundingBox(),
    ]);
    expect((button?.x ?? 0) + (button?.width ?? 0)).toBeLessThanOrEqual(next?.x ?? 0);
    expect(await wide()).toEqual([]);
  });
});
