// Streamed Markdown ends as the same document as the whole text, and shows no half-written markers on the way.

import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  loadHighlighter,
  loadTypesetter,
  openView,
  renderUnsplit,
  renderWhole,
  type View,
} from "./render.tsx";
import { COMPACT, TORTURE, WITH_DEFINITIONS } from "./torture.ts";

let view: View;

beforeAll(async () => {
  await loadHighlighter();
  await loadTypesetter();
});

beforeEach(() => {
  view = openView();
});

afterEach(() => view.close());

describe("a text that streams in", () => {
  it.each([
    // The long text in deltas about as long as tokens: single characters would take its length squared.
    ["every kind of Markdown, by 13 characters", TORTURE, 13],
    ["most kinds of Markdown, by single characters", COMPACT, 1],
    ["references and footnotes, by single characters", WITH_DEFINITIONS, 1],
    ["Windows line ends", "# a\r\n\r\n- b\r\n- c\r\n\r\n```js\r\nlet x\r\n```\r\n\r\nd", 1],
  ])("ends as the same document as the whole text: %s", (_, text, deltaLength) => {
    for (let length = 1; length <= text.length; length += deltaLength) {
      view.show(text.slice(0, length), true);
    }
    view.show(text, false);
    const html = view.element().outerHTML;
    if (text === TORTURE) expect(html).toContain("hljs-keyword");
    expect(html).toBe(renderWhole(text));
    expect(html).toBe(renderUnsplit(text));
  });

  it("keeps the elements of finished blocks", () => {
    const start = "Some **text**.\n\n- list\n\n```js\nlet a = 1;\n```\n\n| a |\n|---|\n| b |\n\n";
    view.show(`${start}Then`, true);
    const before = [...view.element().children].slice(0, 4);
    view.show(`${start}Then more.\n\n# And more\n\n- and`, true);
    view.show(`${start}Then more.\n\n# And more\n\n- and more`, false);
    expect(before).toHaveLength(4);
    expect([...view.element().children].slice(0, 4)).toEqual(before);
    before.forEach((element, index) => {
      expect(view.element().children[index]).toBe(element);
    });
  });
});

describe("half-written Markdown", () => {
  it.each([
    ["a **bo", "a bo"],
    ["a **bold*", "a bold"],
    ["a **", "a"],
    ["a *it", "a it"],
    ["a _it", "a it"],
    ["a ***bo", "a bo"],
    ["a ~~st", "a st"],
    ["a `co", "a co"],
    ["a `", "a"],
    ["a !", "a !"],
    ["a [li", "a li"],
    ["a [link](", "a link"],
    ["a [link](http://exa", "a link"],
    ["a ![al", "a Image not loaded: al"],
    ["a ![alt](http://exa", "a Image not loaded: alt"],
    ["text\n-", "text"],
    ["text\n=", "text"],
    ["text\n``", "text"],
    ["1. one\n2", "one"],
    ["1. one\n2.", "one"],
    ["- one\n- [", "one"],
    ["- one\n- [x]", "one"],
    ["| a | **b", "ab"],
    ["| a | b |\n|-", "ab"],
    ["| a | b |\n|---|:-", "ab"],
  ])("%j is shown as %j", (text, expected) => {
    view.show(text, true);
    expect(view.element().textContent?.replace(/\s+/g, " ").trim()).toBe(expected);
  });

  it("a table is shown from its first row on", () => {
    view.show("Look:\n\n| a | b", true);
    const table = view.element().querySelector("table");
    view.show("Look:\n\n| a | b |\n|---|---|\n| 1 |", true);
    expect(table?.querySelectorAll("th")).toHaveLength(2);
    expect(view.element().querySelector("table")).toBe(table);
  });

  it("code is shown from its first line on, without its closing fence", () => {
    view.show("```js", true);
    const code = view.element().querySelector("pre code");
    expect(code?.textContent).toBe("");
    view.show("```js\nlet a = 1;\n``", true);
    expect(view.element().querySelector("pre code")).toBe(code);
    expect(code?.textContent).toBe("let a = 1;");
  });

  it("is not completed in the finished text", () => {
    view.show("a **bo", false);
    expect(view.element().innerHTML).toBe("<p>a **bo</p>");
  });
});

describe("the cursor", () => {
  it.each([
    ["a paragraph", "one\n\ntwo", "P"],
    ["a list", "- one\n- two `x`", "LI"],
    ["a nested list", "- one\n  - two", "LI"],
    ["a loose list", "- one\n\n- two", "P"],
    ["a quote", "> two", "P"],
    ["a table", "| a | b |\n|---|---|\n| two |", "TD"],
    ["code", "```js\ntwo", "CODE"],
  ])("is in the last element of %s", (_, text, tagName) => {
    view.show(text, true);
    const [marked, ...others] = view.element().querySelectorAll(".is-growing");
    expect(others).toEqual([]);
    expect(marked?.tagName).toBe(tagName);
    expect(marked?.textContent).toMatch(/^two/);
    view.show(text, false);
    expect(view.element().querySelector(".is-growing")).toBe(null);
  });
});
