// Shows the HTML of an answer as the text it was written as; it is never interpreted. A plugin for remark.

type MarkdownNode = {
  type: string;
  value?: string;
  children?: MarkdownNode[];
  data?: object;
};

const HOLDS_BLOCKS = new Set(["root", "blockquote", "listItem", "footnoteDefinition"]);

export function htmlAsText(): (tree: MarkdownNode) => void {
  return showHtml;
}

function showHtml(parent: MarkdownNode): void {
  for (const node of parent.children ?? []) {
    if (node.type !== "html") showHtml(node);
    else if (HOLDS_BLOCKS.has(parent.type)) makeParagraph(node);
    else node.type = "text";
  }
}

function makeParagraph(node: MarkdownNode): void {
  const text = { type: "text", value: node.value?.trimEnd() ?? "" };
  node.type = "paragraph";
  node.children = [text];
  // Given as it is, so that its lines keep their indentation.
  node.data = { hProperties: { className: ["raw-html"] }, hChildren: [text] };
}
