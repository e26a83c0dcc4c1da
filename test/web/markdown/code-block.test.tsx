// Code blocks can be copied and scrolled, and highlighting does not move anything.

import { act } from "react";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { loadHighlighter, openView, type View } from "./render.tsx";

let view: View;

beforeAll(loadHighlighter);

beforeEach(() => {
  view = openView();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  view.close();
});

describe("highlighting", () => {
  it("is added later, within the same elements", async () => {
    vi.resetModules(); // the highlighter is loaded once for all
    const fresh = await import("./render.tsx");
    view.close();
    view = fresh.openView();
    view.show("```js\nconst a = 1;\n```", false);
    const code = view.element().querySelector("code");
    const plain = skeleton();
    expect(code?.innerHTML).toBe("const a = 1;");
    await fresh.loadHighlighter();
    expect(view.element().querySelector("code")).toBe(code);
    expect(code?.innerHTML).toContain('<span class="hljs-keyword">const</span>');
    expect(skeleton()).toBe(plain);
  });

  it("of growing code covers the finished lines", () => {
    view.show("```js\nconst a = 1;\nconst b", true);
    const keyword = view.element().querySelector(".hljs-keyword");
    expect(keyword?.textContent).toBe("const");
    expect(view.element().querySelectorAll(".hljs-keyword")).toHaveLength(1);
    view.show("```js\nconst a = 1;\nconst b = 2;\n// c", true);
    expect(view.element().querySelector(".hljs-keyword")).toBe(keyword);
    expect(view.element().querySelectorAll(".hljs-keyword")).toHaveLength(2);
    expect(view.element().querySelector("code")?.textContent).toContain("2;\n// c");
    view.show("```js\nconst a = 1;\nconst b = 2;\n// c\n```", false);
    expect(view.element().querySelector(".hljs-comment")?.textContent).toBe("// c");
  });

  it.each(["nonsense", "__proto__", "constructor"])(
    "does not change the language %s",
    (language) => {
      view.show(`\`\`\`${language}\nconst a = 1;\n\`\`\``, false);
      expect(view.element().querySelector("code")?.innerHTML).toBe("const a = 1;");
      expect(view.element().querySelector(".code-block-language")?.textContent).toBe(language);
    },
  );

  it("does not change very long code", () => {
    view.show(`\`\`\`js\n${"const a = 1;\n".repeat(6000)}\`\`\``, false);
    expect(view.element().querySelector("code")?.children).toHaveLength(0);
  });
});

describe("the copy button", () => {
  it.each([
    ["```js\nconst a = 1;\n```", "const a = 1;"],
    ["```\n\n  two\n\n\n```", "\n  two\n\n"],
    ["    indented\n\n        code", "indented\n\n    code"],
    ["````\n```js\nx\n```\n````", "```js\nx\n```"],
    ["```html\n<b>&amp;</b>\n```", "<b>&amp;</b>"],
    ["```\n```", ""],
  ])("copies exactly the code of %j", async (text, code) => {
    const writeText = stubClipboard(() => Promise.resolve());
    view.show(text, false);
    await clickCopy();
    expect(writeText).toHaveBeenCalledExactlyOnceWith(code);
  });

  it("confirms the copy for two seconds", async () => {
    vi.useFakeTimers();
    stubClipboard(() => Promise.resolve());
    view.show("```js\nx\n```", false);
    expect(copyButton().getAttribute("aria-label")).toBe("Copy code");
    await clickCopy();
    expect(copyButton().textContent).toBe("Copied");
    await act(async () => vi.advanceTimersByTime(2000));
    expect(copyButton().textContent).toBe("Copy");
    expect(announced()).toBe("Copied");
  });

  it("reports a failed copy", async () => {
    stubClipboard(() => Promise.reject(new Error("denied")));
    view.show("```js\nx\n```", false);
    await clickCopy();
    await vi.waitFor(() => expect(announced()).toBe("Copy failed"));
    expect(document.querySelector("textarea")).toBe(null);
  });
});

describe("wide content", () => {
  it("scrolls in labelled, focusable regions", () => {
    view.show("```js\nx\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |", false);
    const regions = [...view.element().querySelectorAll("section")];
    expect(regions.map((region) => region.tabIndex)).toEqual([0, 0]);
    expect(regions.map((region) => region.getAttribute("aria-label"))).toEqual([
      "js code",
      "table: a b",
    ]);
  });
});

describe("the elements of an answer", () => {
  it("include headings below those of the page, and read-only tasks", async () => {
    view.show("# a\n\n## b\n\n#### d\n\n- [x] e\n- [ ] f", false);
    const headings = [...view.element().querySelectorAll("h1, h2, h3, h4, h5, h6")];
    expect(headings.map((heading) => heading.tagName)).toEqual(["H3", "H4", "H6"]);
    const boxes = [...view.element().querySelectorAll("input")];
    expect(boxes.map((box) => [box.disabled, box.checked])).toEqual([
      [true, true],
      [true, false],
    ]);
  });
});

function copyButton(): HTMLButtonElement {
  const button = view.element().querySelector("button");
  if (button === null) throw new Error("There is no copy button.");
  return button;
}

async function clickCopy(): Promise<void> {
  await act(async () => copyButton().click());
}

/** What the page's one live region says. */
function announced(): string | undefined {
  return document.querySelector('body > [role="status"]')?.textContent;
}

function stubClipboard(write: () => Promise<void>) {
  const writeText = vi.fn(write);
  vi.stubGlobal("navigator", { clipboard: { writeText } });
  return writeText;
}

/** The HTML without the highlighting. */
function skeleton(): string {
  return view.element().outerHTML.replace(/<span class="hljs-\w+">(.*?)<\/span>/g, "$1");
}

describe("a word of thousands of characters", () => {
  it("stays plain outside code, because parsing it would take seconds", () => {
    const text = `[${"0,".repeat(3000)}0] **bold**`;
    view.show(text, false);
    expect(view.element().textContent).toBe(text);

    view.show(`\`\`\`\n${"x".repeat(6000)}\n\`\`\``, false);
    expect(view.element().querySelector("pre code")?.textContent).toHaveLength(6000);
  });
});
