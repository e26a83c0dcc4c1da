// Questions in Markdown, and answers that are JSON.

import { afterEach, describe, expect, it } from "vitest";
import { indentJson } from "../../../src/web/markdown/indent-json.ts";
import { openTyped, openView, type View } from "./render.tsx";

let view: View | undefined;

afterEach(() => view?.close());

describe("a question", () => {
  it.each([
    ["one\ntwo", "<p>one<br>\ntwo</p>"],
    ["one\n---\n    two", "<p>one</p>\n<hr>\n<p>two</p>"],
    ["    indented **bold**", "<p>indented <strong>bold</strong></p>"],
    ["- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"],
    ["<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"],
  ])("%j is shown as %j", (text, expected) => {
    view = openTyped(text);
    expect(view.element().innerHTML).toBe(expected);
  });

  it("shows code with its lines and a copy button", () => {
    view = openTyped("Why?\n```js\nlet a;\n\n  b\n```");
    expect(view.element().querySelector("pre")?.textContent).toBe("let a;\n\n  b");
    expect(view.element().querySelector("button")?.textContent).toBe("Copy");
  });
});

describe("an answer that is JSON", () => {
  it.each([
    ['{"a":[1,2.0,{}],"b":[]}', '{\n  "a": [\n    1,\n    2.0,\n    {}\n  ],\n  "b": []\n}'],
    ['{"a": 12345678901234567890}\n', '{\n  "a": 12345678901234567890\n}'],
    ['[{"a":"x,{y', '[\n  {\n    "a": "x,{y'],
    ['{"a":tr', '{\n  "a": tr'],
    ['{"a":-1.', '{\n  "a": -1.'],
    ["{", "{"],
    ["[1]", "[\n  1\n]"],
  ])("%j is indented: %j", (text, expected) => {
    expect(indentJson(text)).toBe(expected);
  });

  it.each([
    "[1] A reference",
    "[1",
    "[ ]",
    "[link](https://a.b)",
    "{x} is a set",
    '{"a": 1} and more',
    '{"a" "b"}',
    "{'a': 1}",
    '{"a": hello',
    '"text"',
    "12",
    "}",
  ])("%j is not JSON", (text) => {
    expect(indentJson(text)).toBe(null);
  });

  it("is one block of code, also while it streams", () => {
    view = openView();
    view.show('{"a":[1', true);
    const code = view.element().querySelector("code");
    expect(code?.className).toBe("language-json is-growing");
    view.show('{"a":[1]}', false);
    expect(view.element().querySelector("code")).toBe(code);
    expect(code?.textContent).toBe('{\n  "a": [\n    1\n  ]\n}');
  });
});
