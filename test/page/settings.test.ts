// The dialogs of the chat page: settings, tools, the request as code, the comparison; and the context limit.

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { answered, ask, lastAnswer, openTool, set } from "./chat-page.ts";
import { fakeChat, HAS_BROWSER, lastMessages } from "./fake-chat.ts";

describe.skipIf(!HAS_BROWSER)("the settings of a chat", () => {
  const chat = fakeChat();

  const openSettings = (page: Page) => page.getByRole("button", { name: "Chat settings" }).click();
  const close = (page: Page) => page.getByRole("button", { name: "Close", exact: true }).click();
  const field = (page: Page, label: string) =>
    page.locator(".field", { has: page.getByLabel(label, { exact: true }) });

  test("are sent with the next question, and are kept after a reload", async () => {
    const { page } = await chat.open();
    chat.says({ texts: ["Yes"] });
    await set(page, {
      "System prompt": "Be brief.",
      Temperature: "0",
      "Top p": "0.5",
      "Max tokens": "77",
      Seed: "42",
      "Stop strings": "###\nEND",
    });
    await ask(page, "Set?");
    await answered(page);
    await page.reload();
    await answered(page);
    await ask(page, "Still set?");
    await page.waitForFunction(() => document.querySelectorAll(".answer").length === 2);
    await answered(page);

    expect(chat.engine.requests).toHaveLength(2);
    for (const request of chat.engine.requests)
      expect(request).toMatchObject({
        maxTokens: 77,
        stop: ["###", "END"],
        sampling: { temperature: 0, topP: 0.5, seed: 42 },
      });
    expect(lastMessages(chat.engine)[0]).toEqual({ role: "system", content: "Be brief." });
  });

  test("can be saved as a preset and for new chats, and the header names what is set", async () => {
    const { page } = await chat.open();
    const settings = page.getByRole("button", { name: "Chat settings" });
    await set(page, { "System prompt": "Be brief." });
    expect(await settings.getAttribute("title")).toBe("Chat settings (set: system prompt)");
    await openSettings(page);
    await page.getByRole("button", { name: "Save as preset" }).click();
    await page.keyboard.type("Short");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Use for new chats" }).click();
    await page.getByLabel("System prompt").fill("Be long.");
    await page.getByLabel("Preset", { exact: true }).selectOption("Short");
    await page.getByLabel("Reasoning", { exact: true }).selectOption("Off");
    await close(page);
    chat.says({ texts: ["Yes"] });
    await ask(page, "Set?");
    await answered(page);
    await page.reload();
    await answered(page);
    await page.getByRole("button", { name: "New chat" }).first().click();

    expect(await settings.getAttribute("title")).toBe(
      "Chat settings (preset Short: system prompt)",
    );
    const { prompt } = chat.engine.requests.at(-1) ?? {};
    expect(prompt).toMatchObject({
      messages: [{ content: "Be brief." }, { content: "Set?" }],
      reasoning: { effort: "none" },
    });
  });

  test("report an invalid JSON schema, and no question is sent until it is valid", async () => {
    const { page } = await chat.open();
    chat.says({ texts: ["{}"] });
    await set(page, { "JSON schema": '{"type": "object",' });
    await ask(page, "As JSON");
    const send = page.getByRole("button", { name: "Send", exact: true });
    expect(await send.isDisabled()).toBe(true);
    expect(chat.engine.requests).toEqual([]);

    await page.getByRole("button", { name: "Open settings" }).click();
    await field(page, "JSON schema").locator(".problem").waitFor();
    await page.getByLabel("JSON schema").fill("");
    await field(page, "JSON schema").getByRole("button", { name: "Insert example" }).click();
    await close(page);
    await send.click();

    await answered(page);
    expect(chat.engine.requests.at(-1)?.grammar).toContain("city");
  });

  test("offer example tools, whose calls stream in and get their results from the user", async () => {
    const { page } = await chat.open({ prepare: (next) => next.addInitScript(recordGrowingCalls) });
    const args = ['{"ci', 'ty": ', '"Paris"', "}"].map((text) => ({ name: null, text }));
    const deltas = [{ name: "get_weather", text: "" }, ...args];
    const more = { type: "tool-call-delta", index: 0, tokens: 1 } as const;
    chat.says({ events: deltas.map((delta) => ({ ...more, ...delta })), tokenMs: 100 });
    await openSettings(page);
    await field(page, "Tools").getByRole("button", { name: "Insert example" }).click();
    await close(page);

    await ask(page, "What is the weather in Paris?");
    const call = page.getByRole("region", { name: "Call of get_weather" });
    await answered(page);
    const growing = await page.evaluate(() => (window as unknown as { growing: string[] }).growing);
    expect(growing.some((text) => '{"city": "Paris"}'.startsWith(text))).toBe(true);
    expect(JSON.parse((await call.locator("pre").textContent()) ?? "")).toEqual({ city: "Paris" });
    chat.says({ texts: ["It is 21 degrees."] });
    await call.getByLabel("Tool result").fill('{"temperature": 21}');
    await call.getByRole("button", { name: "Send result" }).click();

    await lastAnswer(page).getByText("It is 21 degrees.").waitFor();
    const { prompt } = chat.engine.requests.at(-1) ?? {};
    expect(prompt).toMatchObject({ tools: { tools: [{ name: "get_weather" }] } });
    const [, asked, given] = lastMessages(chat.engine);
    expect(asked).toMatchObject({
      toolCalls: [{ name: "get_weather", arguments: { city: "Paris" } }],
    });
    expect(given).toMatchObject({ role: "tool", content: '{"temperature": 21}' });
    expect(await page.getByLabel("Tool result").count()).toBe(0);
  });

  test("and the question are part of the request shown as code", async () => {
    const { page } = await chat.open();
    chat.says({ texts: ["A flow"] });
    await set(page, { Seed: "7" });
    await ask(page, `What's "streaming"?`);
    await answered(page);
    await openTool(page, "Show request");

    const shown: string[] = [];
    for (const name of ["curl", "JavaScript", "Python"]) {
      await page.getByRole("tab", { name }).click();
      shown.push((await page.getByRole("tabpanel").textContent()) ?? "");
    }

    for (const code of shown) {
      expect(code).toContain("streaming");
      expect(code).toContain(chat.url);
      expect(code).toMatch(/"?seed"?\s*[:=]\s*7/);
      expect(code).not.toContain("A flow");
    }
    expect(shown[0]).toContain("curl");
    expect(shown[2]).toContain("import");
    await page.getByRole("tab", { name: "Python" }).press("ArrowRight");
    expect(await page.getByRole("tab", { name: "curl" }).getAttribute("aria-selected")).toBe(
      "true",
    );
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await page.getByRole("textbox", { name: "Message" }).fill("A draft");
    await openTool(page, "Show request");
    const code = await page.getByRole("tabpanel").textContent();
    expect(code).toMatch(/A flow[\s\S]*A draft/);
  });

  test("apply to both sides of the comparison, where the stream shows its first text sooner", async () => {
    const { page } = await chat.open();
    const texts = Array.from({ length: 80 }, (_, index) => `${index} `);
    const goOn = chat.saysFirst(10, texts);
    await openTool(page, "Compare streamed and buffered");
    await page.getByRole("textbox", { name: "Prompt" }).fill("Count");
    await page.getByRole("button", { name: "Start both" }).click();
    const [streamed, buffered] = ["Streamed", "Buffered"].map((name) =>
      page.getByRole("region", { name }),
    );
    await streamed?.getByText("0 1 2").waitFor();
    expect(await buffered?.locator(".compare-text").textContent()).toBe("");

    goOn();
    await page.getByRole("button", { name: "Start both" }).waitFor();

    const shown = await page.locator(".compare-text").allTextContents();
    expect(shown).toEqual([texts.join(""), texts.join("")]);
    const times = (await page.locator(".compare-side dd").allTextContents()).map(toMs);
    const [streamedFirst = 0, , bufferedFirst = 0] = times;
    expect(streamedFirst).toBeLessThan(bufferedFirst);
    expect(chat.engine.requests.map(({ sampling }) => sampling.seed)).toEqual([1, 1]);
  });
});

describe.skipIf(!HAS_BROWSER)("a conversation that no longer fits the context", () => {
  const chat = fakeChat();

  test("can omit its oldest messages, and include them again", async () => {
    const { page } = await chat.open();
    const ten = "one two three four five six seven eight nine ten";
    chat.says({ texts: ["a ", "b ", "c ", "d"], contextTokens: 32 });
    await ask(page, `First ${ten}`);
    await answered(page);
    await page.getByRole("img", { name: /^\d+ of [\d,]+ context tokens used$/ }).waitFor();
    await ask(page, `Second ${ten}`);
    await answered(page);
    await ask(page, `Third ${ten}`);
    await lastAnswer(page).getByText("The conversation is too long").waitFor();
    await lastAnswer(page)
      .getByText(/It has \d+ tokens\. The model can hold 32 tokens/)
      .waitFor();

    await page.getByRole("button", { name: "Omit oldest messages" }).click();
    await answered(page);

    const firstWords = lastMessages(chat.engine).map(({ content }) => content.split(" ")[0]);
    expect(firstWords).toEqual(["Second", "a", "Third"]);
    await page.getByText("The messages above are no longer sent").waitFor();
    expect(await page.getByRole("article").count()).toBe(6);

    chat.says({ texts: ["All of it"] });
    await page.getByRole("button", { name: "Include them again" }).click();
    await page.getByRole("button", { name: "Regenerate" }).last().click();
    await lastAnswer(page).getByText("All of it").waitFor();
    expect(lastMessages(chat.engine)).toHaveLength(5);
  });
});

/** Runs in the page: records the text of tool calls while they stream in. */
function recordGrowingCalls(): void {
  const growing: string[] = [];
  Object.assign(window, { growing });
  const record = () => {
    const text = document.querySelector(".call-text.is-growing")?.textContent;
    if (text) growing.push(text);
  };
  const changes = { childList: true, subtree: true, characterData: true };
  new MutationObserver(record).observe(document, changes);
}

/** Parses a time as the page writes it. */
function toMs(text: string): number {
  const [number = "", unit] = text.split(" ");
  return Number(number) * (unit === "ms" ? 1 : 1000);
}
