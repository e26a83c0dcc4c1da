// Markdown on the chat page: it looks the same streamed or at once, and nothing in it runs or is loaded.

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { TORTURE, WITH_DEFINITIONS } from "../web/markdown/torture.ts";
import { answered, ask, lastAnswer, storedAnswer } from "./chat-page.ts";
import { fakeChat, HAS_BROWSER } from "./fake-chat.ts";

const MORE = `
1. loose

   > quote in it

   | a | b |
   |---|---|
   | \`x\` | ~~y~~ |
2. [x] no task
   - [ ] a task **_both_ bold**
     ~~~python
     def f():
         return "<b>"
     ~~~

***a** b* and **a *b***, _**c**_, \`\`\`inline\`\`\`, 5 < 6 > 4, a_b_c, 中文**粗体**字, **مرحبا** بالعالم, ‏RTL‎ LTR
<details><summary>More</summary>

hidden **bold**

</details>

\`\`\`json
{"a": [1, 2, {"b": null}]}
\`\`\`

\`\`\`diff
- old
+ new
\`\`\`

A formula $\\vec{a}$, $\\pmb{b}$ and

$$
\\sqrt{c}

+ d
$$

[unfinished link](https://example.com/ and <https://example.com/?a=1&b=2> https://example.com/path_(x)_y. Done 🇩🇪 👩🏽‍🚀
`;

/** Everything that succeeds in running code sets `window.ran`. */
const HOSTILE = `
<script>window.ran = "script"</script>

<img src=x onerror="window.ran = 'img'"> <svg onload="window.ran='svg'"><script>window.ran = "svg script"</script></svg>

<iframe src="javascript:parent.ran = 'iframe'" srcdoc="<script>parent.ran = 'srcdoc'</script>"></iframe>
<style>body { background: url(https://evil.example/style) }</style>
<link rel="stylesheet" href="https://evil.example/link"><base href="https://evil.example/">
<form action="https://evil.example/form"><button autofocus onfocus="window.ran='focus'">x</button></form>

[script](javascript:window.ran='link') [tab](java\tscript:window.ran=1) [entity](&#106;avascript:window.ran=2)
[data](data:text/html,<script>parent.ran=3</script>) [vb](vbscript:x) <javascript:window.ran=4> [file](file:///etc/passwd)
[good](https://good.example/"onmouseover="window.ran=5)

![pixel](https://evil.example/pixel.png) ![data](data:image/svg+xml,<svg onload=top.ran=15>)
[![both](https://evil.example/both.png)](javascript:window.ran=6)

| <script>window.ran = 7</script> | <img src=x onerror=window.ran=8> |
|---|---|
| <iframe src=https://evil.example/frame></iframe> | [x](javascript:window.ran=9) |

[ref]: javascript:window.ran=10
[ref] and [^1]

[^1]: <object data="https://evil.example/object"></object>

\`\`\`"><script>window.ran=11</script>
</code></pre><script>window.ran = 12</script>
\`\`\`

# <math><mi xlink:href="javascript:window.ran=13">x</mi></math> <a href="javascript:window.ran=14">a</a>
`;

const HOSTILE_DIAGRAM = `\`\`\`mermaid
%%{init: {"securityLevel": "loose", "htmlLabels": true, "themeCSS": "* { background: url(https://evil.example/css) }"}}%%
flowchart LR
  A["<img src=x onerror='window.ran=1'>"] --> B["Harmless <script>window.ran = 2</script>"]
  click A call alert(1)
  click B "javascript:window.ran=3"
\`\`\`
`;

describe.skipIf(!HAS_BROWSER)("an answer in Markdown", () => {
  const chat = fakeChat();

  /** The HTML of the last answer after it has ended, its code is highlighted and its formulas are typeset. */
  async function settledHtml(page: Page): Promise<string> {
    const markdown = lastAnswer(page).locator(".markdown:not(.is-streaming)");
    await markdown.locator(".hljs-keyword, [class^=hljs]").first().waitFor();
    await markdown.locator(".katex-display").last().waitFor();
    return markdown.innerHTML();
  }

  test.each([
    ["of every kind", `${TORTURE}\n${MORE}`],
    ["with definitions", `${WITH_DEFINITIONS}\n${MORE}`],
  ])("%s looks the same streamed and at once", async (_, text) => {
    const { page, complaints, asked } = await chat.open();
    chat.says({ texts: text.match(/[\s\S]{1,7}/gu) ?? [], tokenMs: 1 });

    await ask(page, "Everything, please");
    await answered(page);
    const streamed = await settledHtml(page);
    await page.reload();

    expect(await settledHtml(page)).toBe(streamed);
    expect(complaints).toEqual([]);
    expect(asked.filter((url) => !url.startsWith(chat.url))).toEqual([]);
  });

  test("runs nothing and loads nothing, whatever the answer, the question and the title contain", async () => {
    const { page, asked } = await chat.open();
    chat.says({ texts: HOSTILE.split(/(?<= )/), tokenMs: 0 });

    await ask(page, HOSTILE);
    await answered(page);
    const phase = () => storedAnswer(page).then((answer) => answer.phase.type, String);
    await expect.poll(phase, { timeout: 20_000 }).toBe("done");
    await page.reload();
    await lastAnswer(page).locator(".markdown:not(.is-streaming)").waitFor();

    expect(await page.locator(".question-text, .markdown").evaluateAll(forbiddenIn)).toEqual([]);
    expect(await lastAnswer(page).textContent()).toContain(
      `<script>window.ran = "script"</script>`,
    );
    expect(await page.locator(".markdown a").evaluateAll(addresses)).toEqual(
      await page.locator(".markdown a[href^='https://']").evaluateAll(addresses),
    );
    expect(await page.evaluate(() => "ran" in window)).toBe(false);
    expect(asked.filter((url) => !url.startsWith(chat.url))).toEqual([]);
  });

  test("shows a diagram as an image, whatever it contains, and its code on request", async () => {
    const { page, complaints, asked } = await chat.open();
    chat.says({
      texts: [HOSTILE_DIAGRAM, "\n\nAnd a wrong one:\n\n```mermaid\nflowchart X[\n```\n"],
    });

    await ask(page, "A diagram, please");
    await answered(page);
    const diagram = lastAnswer(page).getByRole("img", { name: "Diagram (flowchart)" });
    await diagram.waitFor();
    await lastAnswer(page).getByText("The diagram cannot be drawn").waitFor();

    const svg = decodeURIComponent((await diagram.getAttribute("src")) ?? "");
    expect(svg).toMatch(/^data:image\/svg\+xml;charset=utf-8,<svg/);
    expect(svg).toContain("Harmless");
    await lastAnswer(page).getByRole("button", { name: "Show code" }).click();
    expect(await lastAnswer(page).locator("pre").first().textContent()).toContain("window.ran");
    expect(await page.locator(".markdown :is(svg, iframe, script)").count()).toBe(0);
    expect(await page.evaluate(() => "ran" in window)).toBe(false);
    // Mermaid tries a label's handler in its own document; the frame's policy refuses it.
    const ofPage = complaints.filter((text) => !text.includes("script-src 'sha256-"));
    expect(ofPage).toEqual([]);
    expect(asked.filter((url) => !/^data:/.test(url) && !url.startsWith(chat.url))).toEqual([]);
  });

  test("is on a page whose policy allows only scripts, styles and addresses of its own server", async () => {
    const response = await fetch(chat.url, { headers: { accept: "text/html" } });
    const policy = response.headers.get("content-security-policy") ?? "";

    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(await response.text()).not.toMatch(/<script(?![^>]*\ssrc="\.\/)|<style|\son\w+=/);
  });
});

/** Elements that no text may add to the page. The buttons above code and the one that unfolds a question belong to the page. */
function forbiddenIn(places: readonly Element[]): string[] {
  const names = "script, img, svg, iframe, style, link, base, form, object, math, button, details";
  const found = places.flatMap((place) => [...place.querySelectorAll(names)]);
  const foreign = found.filter(
    (element) => element.closest(".code-block-header, .fold-button") === null,
  );
  return foreign.map((element) => element.outerHTML);
}

function addresses(links: readonly Element[]): (string | null)[] {
  return links.map((link) => link.getAttribute("href"));
}
