// Mutations of a valid body: edits of its tree, then of its bytes. An edit is plain data, so that a failing list can be
// shrunk; `at` counts nodes or bytes and wraps around.

import fc from "fast-check";
import { hostileSchema, hostileText, hostileValue } from "./hostile-values.ts";
import {
  nodeAt,
  type Rewrite,
  raw,
  rewriteAt,
  sizeOf,
  type Tree,
  textOf,
  treeOf,
} from "./json-tree.ts";
import { LIMIT_VALUES } from "./limit-values.ts";
import { ENDPOINTS } from "./valid-bodies.ts";

export type TreeEdit =
  | { readonly type: "replace"; readonly at: number; readonly value: Tree }
  | { readonly type: "remove"; readonly at: number }
  | { readonly type: "rename"; readonly at: number; readonly name: string }
  /** Repeats an item of a list, or a member with the same name. */
  | { readonly type: "repeat"; readonly at: number; readonly times: number }
  | { readonly type: "double"; readonly at: number; readonly value: Tree }
  | {
      readonly type: "wrap";
      readonly at: number;
      readonly levels: number;
      readonly inList: boolean;
    }
  | { readonly type: "set"; readonly name: string; readonly value: Tree }
  /** Inserts text into a string. */
  | { readonly type: "insert"; readonly at: number; readonly place: number; readonly text: string };

export type ByteEdit =
  | { readonly type: "cut"; readonly at: number }
  | { readonly type: "flip"; readonly at: number; readonly mask: number }
  | { readonly type: "drop"; readonly at: number; readonly count: number }
  | { readonly type: "put"; readonly at: number; readonly bytes: readonly number[] };

const MOST_CHARS = 6_000_000;

export function applyEdits(body: object, edits: readonly TreeEdit[]): string {
  return textOf(edits.reduce(applied, treeOf(body)));
}

function applied(tree: Tree, edit: TreeEdit): Tree {
  if (edit.type === "set") return withMember(tree, edit.name, edit.value);
  return rewriteAt(tree, edit.at % sizeOf(tree), rewriteOf(edit));
}

function rewriteOf(edit: Exclude<TreeEdit, { type: "set" }>): Rewrite {
  return (node, name) => {
    const own = name ?? "";
    switch (edit.type) {
      case "replace":
        return [[own, edit.value]];
      case "remove":
        return [];
      case "rename":
        return [[edit.name, node]];
      case "repeat":
        return Array.from({ length: timesOf(edit, node) }, () => [own, node] as const);
      case "double":
        return [
          [own, node],
          [own, edit.value],
        ];
      case "wrap":
        return [[own, wrapped(node, edit)]];
      case "insert":
        return [[own, inserted(node, edit)]];
    }
  };
}

/** Limits repetitions so that the body is only somewhat above the server's limit. */
function timesOf({ times }: { times: number }, node: Tree): number {
  return Math.min(times, Math.ceil(MOST_CHARS / textOf(node).length));
}

function withMember(tree: Tree, name: string, value: Tree): Tree {
  if (tree.kind !== "members") return tree;
  const others = tree.members.filter(([each]) => each !== name);
  return { kind: "members", members: [...others, [name, value]] };
}

function wrapped(node: Tree, { levels, inList }: { levels: number; inList: boolean }): Tree {
  const [open, close] = inList ? ["[", "]"] : ['{"a":', "}"];
  return raw(open.repeat(levels) + textOf(node) + close.repeat(levels));
}

function inserted(node: Tree, { place, text }: { place: number; text: string }): Tree {
  if (node.kind !== "raw" || !node.text.startsWith('"')) return raw(JSON.stringify(text));
  const at = 1 + (place % Math.max(1, node.text.length - 1));
  return raw(node.text.slice(0, at) + JSON.stringify(text).slice(1, -1) + node.text.slice(at));
}

export function applyByteEdits(bytes: Buffer, edits: readonly ByteEdit[]): Buffer {
  return edits.reduce(withByteEdit, bytes);
}

function withByteEdit(bytes: Buffer, edit: ByteEdit): Buffer {
  const at = edit.at % (bytes.length + 1);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (edit.type) {
    case "cut":
      return before;
    case "flip": {
      const flipped = after.subarray(0, 1).map((byte) => byte ^ edit.mask);
      return Buffer.concat([before, flipped, after.subarray(1)]);
    }
    case "drop":
      return Buffer.concat([before, after.subarray(edit.count)]);
    case "put":
      return Buffer.concat([before, Buffer.from(edit.bytes), after]);
  }
}

const BODIES = ENDPOINTS.flatMap(({ bodies }) => bodies);
/** All field names of all APIs at any depth, and names that no field may have. */
const NAMES = [
  ...new Set(BODIES.flatMap(namesIn)),
  "__proto__",
  "constructor",
  "toString",
  "",
  "\u0000",
  "a".repeat(10_000),
  "messages[0]",
  "日本",
  "grammar",
  "functions",
  "best_of",
  "mirostat",
  "guided_regex",
  "previous_response_id",
  "images",
  "thinking_budget_tokens",
  "continue_final_message",
  "add_generation_prompt",
  "suffix",
];
/** Values that are valid in one API but may be unexpected in another. */
const OTHERS = BODIES.map(treeOf).flatMap((tree) =>
  Array.from({ length: sizeOf(tree) }, (_, index) => nodeAt(tree, index)),
);

function namesIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = Array.isArray(value) ? [] : Object.keys(value);
  return [...own, ...Object.values(value).flatMap(namesIn)];
}

const schemaHolders: readonly ((schema: Tree) => { name: string; value: Tree })[] = [
  (schema) => ({ name: "json_schema", value: schema }),
  (schema) =>
    within(
      "response_format",
      '{"type":"json_schema","json_schema":{"name":"x","schema":',
      schema,
      "}}",
    ),
  (schema) =>
    within(
      "tools",
      '[{"type":"function","function":{"name":"f","strict":true,"parameters":',
      schema,
      "}}]",
    ),
  (schema) => within("tools", '[{"name":"f","strict":true,"input_schema":', schema, "}]"),
  (schema) =>
    within("tools", '[{"type":"function","name":"f","strict":true,"parameters":', schema, "}]"),
  (schema) => within("text", '{"format":{"type":"json_schema","name":"x","schema":', schema, "}}"),
  (schema) => within("output_config", '{"format":{"type":"json_schema","schema":', schema, "}}"),
];

function within(name: string, open: string, schema: Tree, close: string) {
  return { name, value: raw(open + textOf(schema) + close) };
}

export function treeEdit(): fc.Arbitrary<TreeEdit> {
  const at = fc.nat(200);
  const value = fc.oneof(
    { arbitrary: hostileValue(), weight: 3 },
    { arbitrary: fc.constantFrom(...OTHERS), weight: 2 },
  );
  const name = fc.oneof(fc.constantFrom(...NAMES), hostileText());
  const edit = <T extends TreeEdit["type"], F>(
    type: T,
    fields: { [K in keyof F]: fc.Arbitrary<F[K]> },
  ) => fc.record({ type: fc.constant(type), ...fields });
  const limit = fc
    .constantFrom(...LIMIT_VALUES)
    .map(({ name, text }) => ({ type: "set" as const, name, value: raw(text) }));
  const bomb = fc
    .tuple(fc.constantFrom(...schemaHolders), hostileSchema())
    .map(([hold, schema]) => ({ type: "set" as const, ...hold(schema) }));
  return fc.oneof(
    { arbitrary: edit("replace", { at, value }), weight: 6 },
    { arbitrary: edit("remove", { at }), weight: 2 },
    { arbitrary: edit("rename", { at, name }), weight: 2 },
    { arbitrary: edit("repeat", { at, times: fc.constantFrom(2, 3, 17, 130, 5_001) }), weight: 1 },
    { arbitrary: edit("double", { at, value }), weight: 1 },
    {
      arbitrary: edit("wrap", {
        at,
        levels: fc.constantFrom(1, 2, 101, 30_000),
        inList: fc.boolean(),
      }),
      weight: 1,
    },
    { arbitrary: edit("set", { name, value }), weight: 4 },
    { arbitrary: bomb, weight: 2 },
    { arbitrary: limit, weight: 10 },
    { arbitrary: edit("insert", { at, place: fc.nat(50), text: hostileText() }), weight: 4 },
  ) as fc.Arbitrary<TreeEdit>; // each option is a member of the union
}

export function byteEdit(): fc.Arbitrary<ByteEdit> {
  const at = fc.nat(3_000);
  const bytes = fc.oneof(
    fc.constantFrom(
      [0],
      [0xff],
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xef, 0xbb, 0xbf],
      [0xf5, 0x80],
      [0x22],
      [0x5c],
    ),
    fc.array(fc.nat(255), { minLength: 1, maxLength: 8 }),
  );
  return fc.oneof(
    fc.record({ type: fc.constant("cut" as const), at }),
    fc.record({ type: fc.constant("flip" as const), at, mask: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ type: fc.constant("drop" as const), at, count: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ type: fc.constant("put" as const), at, bytes }),
  );
}
