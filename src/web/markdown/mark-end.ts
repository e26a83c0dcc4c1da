// A rehype plugin for the last block of a growing text: marks the element that contains the last character.
// The stylesheet draws the cursor after that element.

import { type ContentNode, classesOf, type ElementNode, type RootNode, textOf } from "./hast.ts";

export const END_CLASS = "is-growing";

/** Elements that contain further blocks. All other elements contain text. */
const HOLDS_BLOCKS = new Set("ul ol li blockquote div section table thead tbody tr pre".split(" "));

export function markEnd(): (tree: RootNode) => void {
  return (tree) => {
    const last = lastBlockOf(tree);
    if (last === undefined) return;
    last.properties.className = [...classesOf(last), END_CLASS];
  };
}

function lastBlockOf(parent: RootNode | ElementNode): ElementNode | undefined {
  const last = parent.children.filter((node) => !isBlank(node)).at(-1) ?? parent.children[0];
  if (last?.type !== "element" || !isBlock(last, parent)) return undefined;
  return lastBlockOf(last) ?? last;
}

/** Newlines between blocks, and the empty cells that fill up a row: the text ends before them. */
function isBlank(node: ContentNode): boolean {
  if (node.type === "text") return node.value.trim() === "";
  return node.type === "element" && node.tagName === "td" && textOf(node) === "";
}

/** Paragraphs and cells are blocks too, but not inline code in a list item. */
function isBlock(node: ElementNode, parent: RootNode | ElementNode): boolean {
  if (parent.type === "root" || HOLDS_BLOCKS.has(node.tagName)) return true;
  return node.tagName === "code"
    ? parent.tagName === "pre"
    : /^(?:p|h\d|td|th)$/.test(node.tagName);
}
