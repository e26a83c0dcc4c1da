// Formulas are found where a text has them, and dollars of other texts stay dollars.

import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { loadTypesetter, openView, renderUnsplit, renderWhole, type View } from "./render.tsx";

let view: View;

beforeAll(loadTypesetter);

beforeEach(() => {
  view = openView();
});

afterEach(() => view.close());

describe("a formula", () => {
  it.each([
    ["Then $E=mc^2$, and.", ["E=mc^2"]],
    ["$a_b$ and $c_d$ *e*", ["a_b", "c_d"]],
    ["**bold $x_1$** ($y$)", ["x_1", "y"]],
    ["\\(a\\) and \\(f(x) = \\{1\\}\\).", ["a", "f(x) = \\{1\\}"]],
    ["so \\[ \\int_0^1 x \\] and", ["| \\int_0^1 x"]],
    ["so $$x^2$$ here", ["| x^2"]],
    ["$$\na\n+ b\n= c\n$$", ["| a\n+ b\n= c"]],
    ["$$a\n- b$$", ["| a\n- b"]],
    ["Text:\n$$\nx\n\n- y\n$$\nMore", ["| x\n\n- y"]],
    ["\\[\na \\\\\n- b\n\\]", ["| a \\\\\n- b"]],
    ["- one $x$\n- two\n\n  $$\n  y\n  + z\n  $$\n", ["x", "| y\n+ z"]],
    ["1. one\n   \\[\n   y\n   \\]", ["| y"]],
    ["> $$\n> a\n> + b\n> $$", ["| a\n+ b"]],
    ["| $a$ | b |\n|---|---|\n| 1 | \\(c\\) |", ["a", "c"]],
    ["Let $x\n= 1$.", ["x\n= 1"]],
    ["$x\\$y$", ["x\\$y"]],
  ])("is found in %j", (text, expected) => {
    view.show(text, false);
    expect(formulas()).toEqual(expected);
    expect(renderWhole(text)).toBe(renderUnsplit(text));
  });

  it.each([
    "It costs $5 to $10, or 5$ to 10$.",
    "$20,000 and $30,000",
    "US$5 and US$6",
    "Set $HOME/$USER, $PATH:$HOME and $(A)$B",
    "`$x$` and `\\(y\\)`",
    "```sh\necho $a $b$\n$$\nx\n$$\n```",
    "    indented $x$",
    "$ x$ and $x $",
    "\\$x\\$ and \\$x$",
    "$(echo `date`)$",
    "$$ is the process, $$$ is money",
    "$$\n\nnothing",
    "\\( open and \\[ open",
    "$$$$ \\(\\) \\[ \\]",
  ])("is not found in %j", (text) => {
    view.show(text, false);
    expect(formulas()).toEqual([]);
    expect(view.element().querySelector(".formula-source")).toBe(null);
  });

  it("that KaTeX cannot read stays as its source, with KaTeX's message", () => {
    view.show("a $\\frac{1$ b", false);
    const source = view.element().querySelector(".formula-source");
    expect(source?.textContent).toBe("$\\frac{1$");
    expect(source?.getAttribute("title")).toContain("KaTeX parse error");
  });

  it("with a command that is not allowed stays as its source, and loses nothing", () => {
    view.show("a $\\href{https://a.example}{ok}$ b", false);
    const source = view.element().querySelector(".formula-source");
    expect(source?.textContent).toBe("$\\href{https://a.example}{ok}$");
    expect(source?.getAttribute("title")).toBe("\\href is not allowed");
  });

  it("has MathML for screen readers, and nothing of it twice", () => {
    view.show("$x^2$", false);
    expect(view.element().querySelector("math msup")).not.toBe(null);
    expect(view.element().querySelector(".katex-html")?.getAttribute("aria-hidden")).toBe("true");
  });
});

describe("a formula that streams in", () => {
  it.each([
    ["a $x_1 + \\frac{a", "a $x_1 + \\frac{a"],
    ["a \\(x_1 *b*", "a \\(x_1 *b*"],
    ["a \\[x", "a \\[x"],
    ["**b $x_1", "b $x_1"],
    ["$$\na\n+ b_1\n\n# c", "$$\na\n+ b_1\n\n# c"],
    ["- x\n  $$\n  a\n  + b", "\nx\n$$\na\n+ b\n"],
    ["done $x_1$ and **bo", "done x_1 and bo"],
    ["it costs $5 and **bo", "it costs $5 and bo"],
  ])("is shown as source until its end: %j", (text, expected) => {
    view.show(text, true);
    for (const html of view.element().querySelectorAll(".katex-html, math :not(annotation)")) {
      if (html.querySelector("annotation") === null) html.remove();
    }
    expect(view.element().textContent).toBe(expected);
  });

  it("keeps the elements of earlier formulas", () => {
    view.show("$a$ and $$b$$ and", true);
    const [first] = view.element().querySelectorAll(".katex");
    view.show("$a$ and $$b$$ and $c$", true);
    expect(view.element().querySelector(".katex")).toBe(first);
    expect(formulas()).toEqual(["a", "| b", "c"]);
  });
});

/** The sources of all formulas, those on a line of their own with a bar. */
function formulas(): string[] {
  return [...view.element().querySelectorAll(".katex")].map((formula) => {
    const source = formula.querySelector("annotation")?.textContent ?? "";
    return formula.closest(".katex-display") === null ? source : `| ${source}`;
  });
}
