// Typesets formulas with KaTeX. Loaded by formula.tsx when the first formula is shown; brings KaTeX's styles and fonts.

import katex, { type KatexOptions } from "katex";
import "katex/dist/katex.min.css";
import "katex/contrib/copy-tex"; // copying a part of the page copies the source of its formulas

/** A formula as an element, or why KaTeX cannot read it. */
export type Typeset = { readonly element: Node } | { readonly error: string };

/** A node of KaTeX's own tree. It is private, and needed because the page's policy forbids style attributes. */
type KatexNode = {
  readonly children?: readonly KatexNode[];
  readonly attributes?: Record<string, string>;
  /** In em, above and below the line. */
  readonly height: number;
  readonly depth: number;
  toNode: () => Node;
};
type KatexWithTree = typeof katex & {
  readonly __renderToDomTree: (tex: string, options: KatexOptions) => KatexNode;
};

const MAX_CHARACTERS = 4_000;

/** KaTeX does not limit negative sizes. */
const MAX_HEIGHT_EM = 200;

const OPTIONS: KatexOptions = {
  output: "htmlAndMathml",
  throwOnError: true,
  // Throws, because KaTeX would show the command's name and drop what it has.
  trust: ({ command }) => {
    throw new Error(`${command} is not allowed`);
  },
  strict: "ignore",
  maxSize: 10,
  maxExpand: 500,
};

export function typeset(tex: string, isDisplay: boolean): Typeset {
  if (tex.length > MAX_CHARACTERS) return { error: "the formula is too long" };
  try {
    // A formula must not define macros for others, so each has its own.
    const options = { ...OPTIONS, displayMode: isDisplay, macros: {} };
    const tree = (katex as KatexWithTree).__renderToDomTree(tex, options);
    if (tree.height + tree.depth > MAX_HEIGHT_EM) return { error: "the formula is too high" };
    styleByScript(tree);
    return { element: tree.toNode() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** Sets what would be a style attribute through the element's `style`, which the policy allows. */
function styleByScript(node: KatexNode): void {
  for (const child of node.children ?? []) styleByScript(child);
  const style = node.attributes?.style;
  if (node.attributes === undefined || style === undefined) return;
  delete node.attributes.style;
  const toNode = node.toNode.bind(node);
  node.toNode = () => {
    const element = toNode() as HTMLElement | SVGElement | MathMLElement; // a node with attributes is an element
    element.style.cssText = style;
    return element;
  };
}
