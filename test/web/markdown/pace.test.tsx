// How often a growing block is parsed, and where a text is split into blocks.

import fc from "fast-check";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import { Block } from "../../../src/web/markdown/block.tsx";
import { createBlockSplitter } from "../../../src/web/markdown/block-splitter.ts";
import { Markdown } from "../../../src/web/markdown/markdown.tsx";
import { createPacedRenderer } from "../../../src/web/markdown/paced-renderer.ts";

const LONG = "x".repeat(2000);

it("a long block is parsed again only after three times the time of the last parse", () => {
  const { render, clock, rendered } = slowRenderer({ costMs: 10 });
  expect(render(LONG, true).waitMs).toBe(0);
  clock.nowMs += 5;
  expect(render(`${LONG}a`, true).waitMs).toBe(25);
  clock.nowMs += 25;
  expect(render(`${LONG}ab`, true).waitMs).toBe(0);
  expect(rendered).toEqual([LONG, `${LONG}ab`]);
});

it("short blocks and finished blocks are rendered at once", () => {
  const { render, clock, rendered } = slowRenderer({ costMs: 10 });
  render("a", true);
  render("ab", true);
  clock.nowMs += 30;
  render(LONG, true);
  render(`${LONG}a`, false);
  render(`${LONG}a`, false);
  expect(rendered).toEqual(["a", "ab", LONG, `${LONG}a`]);
});

it("texts are split at blank lines, but not within lists or if they contain definitions", () => {
  const split = (text: string) => createBlockSplitter()(text).map((block) => block.text.trim());
  expect(split("# a\nb\n\nc\n\n- d\n\n- e\n\nf")).toEqual(["# a\nb", "c", "- d\n\n- e", "f"]);
  expect(split("```js\n[key]: 1\n\nb\n```\n\nc")).toEqual(["```js\n[key]: 1\n\nb\n```", "c"]);
  expect(split("a\n\n> [x]: https://x\n\nb")).toHaveLength(1);
  expect(split("a[^1]\n\n[^1]: note\n\nb")).toHaveLength(1);
});

it("splitting does not change the meaning, and growing texts are split like whole ones", () => {
  const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 16 }).map((all) => all.join(""));
  fc.assert(
    fc.property(text, (markdown) => {
      const whole = renderToStaticMarkup(<Markdown text={markdown} isStreaming={false} />);
      const unsplit = renderToStaticMarkup(<Block text={markdown} isLive={false} />);
      expect(whole).toBe(`<div class="markdown">${unsplit}</div>`);
      const split = createBlockSplitter();
      for (let length = 1; length < markdown.length; length++) split(markdown.slice(0, length));
      expect(split(markdown)).toEqual(createBlockSplitter()(markdown));
    }),
    { numRuns: 100, seed: 1 },
  );
});

const PIECES = [
  ..."\n|\n\n|\n\n\n|- |* |1. |2) |  |    |\t|> |# |```|````|~~~|```js\n|\n```\n|---|===|text|word |**b**|$$|$$\n|$x$|\\[|\\]".split(
    "|",
  ),
  ...["|a|b|\n|-|-|\n", "| x |", "`c`", "`", "[l](http://x.y)", "<div>", "</div>", "<!--", "-->"],
  ...[
    "<pre>",
    "</pre>",
    "[ ] ",
    "&amp;",
    "\\",
    "  \n",
    "-",
    "1",
    "[a]",
    "[^1]: n",
    "[a]: http://q.r",
  ],
];

function slowRenderer({ costMs }: { readonly costMs: number }) {
  const clock = { nowMs: 0 };
  const rendered: string[] = [];
  const render = createPacedRenderer(
    (text) => {
      rendered.push(text);
      clock.nowMs += costMs;
      return <p>{text}</p>;
    },
    () => clock.nowMs,
  );
  return { render, clock, rendered };
}
