// A remark plugin for texts that a person has typed: every line break stays one, and indentation is not code.

type TypedNode = { type: string; value?: string; children?: TypedNode[] };
type Processor = { readonly data: () => Record<string, unknown[] | undefined> };

/** A line of dashes below a text would make it a heading. */
const DISABLED = ["codeIndented", "setextUnderline"];

export function typedLines(this: unknown): (tree: TypedNode) => void {
  const data = (this as Processor).data(); // unified calls plugins on the processor
  data.micromarkExtensions ??= [];
  data.micromarkExtensions.push({ disable: { null: DISABLED } });
  return keepBreaks;
}

function keepBreaks(parent: TypedNode): void {
  parent.children = (parent.children ?? []).flatMap((node) => {
    if (node.type !== "text") {
      if (node.children) keepBreaks(node);
      return [node];
    }
    const lines = node.value?.split("\n") ?? [];
    return lines.flatMap((value, index) => [
      ...(index === 0 ? [] : [{ type: "break" }]),
      ...(value === "" ? [] : [{ type: "text", value }]),
    ]);
  });
}
