// What the page allows an answer's elements: headings under those of the page, safe links, no images, no ids.
// A plugin for rehype; it runs on every block.

import { type ContentNode, type ElementNode, type RootNode, textOf } from "./hast.ts";
import { safeUrl } from "./safe-url.ts";

type Place = { readonly isInLink: boolean };

/** h1 and h2 are the page's own. */
const HEADING_SHIFT = 2;

export function pageRules(): (tree: RootNode) => void {
  return (tree) => {
    tree.children = applyToAll(tree.children, { isInLink: false });
  };
}

function applyToAll(nodes: readonly ContentNode[], place: Place): ContentNode[] {
  return nodes.flatMap((node) => (node.type === "element" ? applyTo(node, place) : [node]));
}

function applyTo(node: ElementNode, place: Place): ContentNode[] {
  // Many answers stand on one page: an id, and what points to it, would not be the only one.
  delete node.properties.id;
  delete node.properties.ariaDescribedBy;
  switch (node.tagName) {
    case "a":
      return link(node, place);
    case "img":
      return image(node, place);
    case "input":
      node.properties.ariaLabel = node.properties.checked ? "done" : "to do";
      return [node];
  }
  node.children = applyToAll(node.children, place);
  node.tagName = node.tagName.replace(/^h(\d)$/, (_, level) => `h${shifted(Number(level))}`);
  return [node.tagName === "table" ? scrollable(node) : node];
}

function shifted(level: number): number {
  return Math.min(level + HEADING_SHIFT, 6);
}

function link(node: ElementNode, place: Place): ContentNode[] {
  if (node.properties.dataFootnoteBackref !== undefined) return [];
  const url = safeUrl(String(node.properties.href ?? ""));
  if (url === null || place.isInLink) return applyToAll(node.children, place);
  return [linkTo(url, applyToAll(node.children, { isInLink: true }))];
}

/** An image would be loaded from elsewhere, and tell it who reads: it is shown as a link. */
function image(node: ElementNode, place: Place): ContentNode[] {
  const text: ContentNode = { type: "text", value: `image: ${node.properties.alt ?? ""}`.trim() };
  const url = safeUrl(String(node.properties.src ?? ""));
  return [url === null || place.isInLink ? text : linkTo(url, [text])];
}

function linkTo(href: string, children: ContentNode[]): ElementNode {
  const rel = ["noopener", "noreferrer", "nofollow"];
  return element("a", { href, target: "_blank", rel }, children);
}

function scrollable(table: ElementNode): ElementNode {
  const label = table.children.filter(isHead).map(textOf).join("").trim().replace(/\s+/g, " ");
  const ariaLabel = label === "" ? "table" : `table: ${label}`;
  return element("section", { className: ["table-scroll"], ariaLabel, tabIndex: 0 }, [table]);
}

function isHead(node: ContentNode): boolean {
  return node.type === "element" && node.tagName === "thead";
}

function element(
  tagName: string,
  properties: ElementNode["properties"],
  children: ContentNode[],
): ElementNode {
  return { type: "element", tagName, properties, children };
}
