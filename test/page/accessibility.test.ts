// The rules of axe-core on the states of the page: https://dequeuniversity.com/rules/axe. No serious finding is allowed.

import axe from "axe-core";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { answered, ask } from "./chat-page.ts";
import { fakeChat, HAS_BROWSER } from "./fake-chat.ts";

const ANSWER = `## Heading\n\n- [ ] to do\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n\`\`\`js\nconst a = 1;\n\`\`\`\n\n$x^2$ and ![picture](https://example.com/a.png)`;

type Finding = { readonly id: string; readonly impact: string; readonly nodes: { html: string }[] };

/** The serious findings, with the elements. */
async function findings(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found = (await page.evaluate(
    "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations)",
  )) as Finding[];
  const serious = found.filter(({ impact }) => impact === "serious" || impact === "critical");
  return serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

describe.skipIf(!HAS_BROWSER)("axe finds nothing serious", () => {
  const chat = fakeChat();

  test.each(["light", "dark"] as const)(
    "in a chat and its panels, in %s colours",
    async (colorScheme) => {
      const { page } = await chat.open({ colorScheme });
      expect(await findings(page)).toEqual([]);
      chat.says({ texts: [ANSWER], tokens: 1 });
      await ask(page, "A question\n\n```sh\necho $HOME\n```");
      await answered(page);
      await page.locator(".katex").waitFor();
      expect(await findings(page)).toEqual([]);

      await page.getByRole("button", { name: /^Chat settings/ }).click();
      await page.getByRole("textbox", { name: "System prompt" }).waitFor();
      expect(await findings(page)).toEqual([]);
      await page.getByRole("button", { name: "Tools for every chat…" }).click();
      await page.getByRole("button", { name: "Add calculate" }).click();
      await page.getByRole("button", { name: "Add a server" }).click();
      expect(await findings(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: /^Model: / }).click();
      expect(await findings(page)).toEqual([]);
    },
  );

  test("on a phone with the list of chats", async () => {
    const { page } = await chat.open({ isPhone: true });
    chat.says({ texts: ["Hello"] });
    await ask(page, "A question");
    await answered(page);
    await page.getByRole("button", { name: "Show sidebar" }).click();
    expect(await findings(page)).toEqual([]);
  });
});
