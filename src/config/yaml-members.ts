// Text in YAML or JSON → the members of its map, with their lines. Pure. Used by config-file.ts.

import { isMap, isSeq, LineCounter, type Node, parseDocument, visit } from "yaml";
import { ConfigError } from "./config-error.ts";

export type YamlMember = {
  readonly key: string;
  readonly line: number;
  /** Texts as they are written (0123 stays "0123"), null where there is none, and lists and maps of these. */
  readonly value: unknown;
  /** The lines of a list's items. */
  readonly itemLines: readonly number[];
};

/** JSON is a part of YAML. @throws ConfigError that begins with a line; it quotes nothing, because the text may have keys */
export function parseYamlMembers(text: string): readonly YamlMember[] {
  const lineCounter = new LineCounter();
  const lineOf = (node: unknown) => lineCounter.linePos((node as Node).range?.[0] ?? 0).line;
  const document = parseDocument(text, {
    schema: "failsafe",
    lineCounter,
    prettyErrors: false,
    logLevel: "error",
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem)
    throw new ConfigError(`${lineCounter.linePos(problem.pos[0]).line}: ${reasonIn(problem)}`);
  visit(document, {
    Scalar(key, node) {
      if (key !== "key" && node.type === "PLAIN" && /^(|~|null)$/.test(node.source ?? ""))
        node.value = null;
    },
  });
  const all = valuesOf(document);
  if (all === null) return [];
  if (!isMap(document.contents) || typeof all !== "object")
    throw new ConfigError(
      `${lineOf(document.contents)}: allowed are settings such as "port: 8080"`,
    );
  const values = new Map(Object.entries(all));
  return document.contents.items.map(({ key, value }) => ({
    key: String(key),
    line: lineOf(key),
    value: values.get(String(key)),
    itemLines: isSeq(value) ? value.items.map(lineOf) : [],
  }));
}

/** Follows references: anchors and aliases of YAML. */
function valuesOf(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new ConfigError(`1: ${reasonIn(error as Error)}`);
  }
}

/** Without the parts that quote the text. */
function reasonIn({ message }: Error): string {
  const [reason = ""] = message.split(/[:\n]/);
  return reason.startsWith("Source contains multiple documents")
    ? "it has several documents; allowed is one"
    : reason;
}
