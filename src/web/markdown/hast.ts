// Types and helpers for hast, the HTML tree between Markdown and React.

import type { ExtraProps } from "react-markdown";

export type ElementNode = NonNullable<ExtraProps["node"]>;
export type ContentNode = ElementNode["children"][number];
export type RootNode = { type: "root"; children: ContentNode[] };

/** All text inside a node. */
export function textOf(node: ContentNode): string {
  if (node.type === "element") return node.children.map(textOf).join("");
  return node.type === "text" ? node.value : "";
}

export function classesOf(node: ElementNode): string[] {
  const { className } = node.properties;
  return Array.isArray(className) ? className.map(String) : [];
}
