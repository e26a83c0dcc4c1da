// A rehype plugin that restricts the elements of an answer: headings below those of the page, safe links, notes
// instead of images,
// no ids.

import { type ContentNode, type ElementNode, type RootNode, textOf } from "./hast.ts";

type Scope = { readonly isInLink: boolean };

/** The page itself uses h1 and h2. */
const HEADING_SHIFT = 2;
/** Tested against the exact attribute value, so tabs or newlines inside "javascript" do not get past it. */
const SAFE_URL = /^(?:https?:\/\/|mailto:)[^\s]/i;

export function pageRules(): (tree: RootNode) => void {
  return (tree) => {
    tree.children = applyToAll(tree.children, { isInLink: false });
  };
}

function applyToAll(nodes: readonly ContentNode[], scope: Scope): ContentNode[] {
  return nodes.flatMap((node) => (node.type === "element" ? applyTo(node, scope) : [node]));
}

function applyTo(node: ElementNode, scope: Scope): ContentNode[] {
  // Several answers share the page, so ids would not be unique.
  delete node.properties.id;
  delete node.properties.ariaDescribedBy;
  switch (node.tagName) {
    case "a":
      return link(node, scope);
    case "img":
      return image(node, scope);
    case "input":
      node.properties.ariaLabel = node.properties.checked ? "done" : "to do";
      return [node];
  }
  node.children = applyToAll(node.children, scope);
  node.tagName = node.tagName.replace(/^h(\d)$/, (_, level) => `h${shifted(Number(level))}`);
  return [node.tagName === "table" ? scrollable(node) : node];
}

function shifted(level: number): number {
  return Math.min(level + HEADING_SHIFT, 6);
}

function link(node: ElementNode, scope: Scope): ContentNode[] {
  if (node.properties.dataFootnoteBackref !== undefined) return [];
  const url = safeUrl(String(node.properties.href ?? ""));
  if (url === null || scope.isInLink) return applyToAll(node.children, scope);
  return [linkTo(url, applyToAll(node.children, { isInLink: true }))];
}

/** Says what an image shows instead of loading it, which would tell its server the address of the user. */
function image(node: ElementNode, scope: Scope): ContentNode[] {
  const alt = String(node.properties.alt ?? "").trim();
  const url = safeUrl(String(node.properties.src ?? ""));
  const host = url === null ? null : hostOf(url);
  const note = `Image not loaded${alt === "" ? "" : `: ${alt}`}${host === null ? "" : ` (${host})`}`;
  if (url === null || host === null || scope.isInLink) return [text(note)];
  const title = `Loading the image would tell ${host} your address.`;
  const open = linkTo(url, [text("Open")]);
  open.properties.title = `${title} Opens it in a new tab.`;
  return [element("span", { className: ["image-note"], title }, [text(`${note} `), open])];
}

/** Null if the browser would not read the address as one of the web. */
function hostOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).host || null : null;
}

function text(value: string): ContentNode {
  return { type: "text", value };
}

/** The URL unchanged; null if it must not become a link: only complete http, https and mailto URLs may. */
export function safeUrl(url: string): string | null {
  return SAFE_URL.test(url) ? url : null;
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
