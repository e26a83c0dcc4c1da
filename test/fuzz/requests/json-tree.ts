// JSON as a tree that can also hold what no JavaScript value can: duplicate names, numbers beyond a double, lone surrogates,
// and text that is not JSON. Pure; used by the mutations.

export type Tree =
  | { readonly kind: "members"; readonly members: readonly Member[] }
  | { readonly kind: "items"; readonly items: readonly Tree[] }
  | { readonly kind: "raw"; readonly text: string };

type Member = readonly [name: string, value: Tree];

/** Text that is put into the body unchanged. */
export function raw(text: string): Tree {
  return { kind: "raw", text };
}

export function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { kind: "items", items: value.map(treeOf) };
  if (typeof value !== "object" || value === null) return raw(JSON.stringify(value));
  const members = Object.entries(value).map(([name, each]) => [name, treeOf(each)] as const);
  return { kind: "members", members };
}

export function textOf(tree: Tree): string {
  switch (tree.kind) {
    case "raw":
      return tree.text;
    case "items":
      return `[${tree.items.map(textOf).join(",")}]`;
    case "members":
      return `{${tree.members.map(([name, value]) => `${JSON.stringify(name)}:${textOf(value)}`).join(",")}}`;
  }
}

/** Number of nodes including the root. */
export function sizeOf(tree: Tree): number {
  return 1 + childrenOf(tree).reduce((sum, child) => sum + sizeOf(child), 0);
}

/** The node with this index, counted from the root downwards. */
export function nodeAt(tree: Tree, index: number): Tree {
  let before = 1;
  if (index <= 0) return tree;
  for (const child of childrenOf(tree)) {
    const size = sizeOf(child);
    if (index < before + size) return nodeAt(child, index - before);
    before += size;
  }
  return tree;
}

/** Replaces a node by any number of members. For the root, only the first counts. */
export type Rewrite = (node: Tree, name: string | null) => readonly Member[];

/** The tree with one node rewritten. Names from the rewrite only apply to members. */
export function rewriteAt(tree: Tree, index: number, rewrite: Rewrite): Tree {
  const [first] = rewriteFrom(tree, null, index, rewrite);
  return first ? first[1] : raw("");
}

function rewriteFrom(
  tree: Tree,
  name: string | null,
  index: number,
  rewrite: Rewrite,
): readonly Member[] {
  if (index === 0) return rewrite(tree, name);
  const own = name ?? "";
  let left = index - 1;
  const rewritten = (child: Tree, childName: string | null): readonly Member[] => {
    const size = sizeOf(child);
    const isInside = left >= 0 && left < size;
    const members = isInside
      ? rewriteFrom(child, childName, left, rewrite)
      : [[childName ?? "", child] as const];
    left = isInside ? -1 : left - size;
    return members;
  };
  switch (tree.kind) {
    case "raw":
      return [[own, tree]];
    case "items": {
      const items = tree.items.flatMap((item) => rewritten(item, null).map(([, value]) => value));
      return [[own, { kind: "items", items }]];
    }
    case "members": {
      const members = tree.members.flatMap(([key, value]) => rewritten(value, key));
      return [[own, { kind: "members", members }]];
    }
  }
}

function childrenOf(tree: Tree): readonly Tree[] {
  switch (tree.kind) {
    case "raw":
      return [];
    case "items":
      return tree.items;
    case "members":
      return tree.members.map(([, value]) => value);
  }
}
