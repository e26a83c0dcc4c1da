// A remark plugin that shows HTML in an answer as plain text. HTML is never interpreted.

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
  // `hChildren` bypasses the paragraph conversion, so that lines keep their indentation.
  node.data = { hProperties: { className: ["raw-html"] }, hChildren: [text] };
}
