// String formats of JSON Schema as regular expressions. Each accepts the common spelling of its format, not every valid one.
// Formats: https://json-schema.org/draft/2020-12/json-schema-validation#section-7.3

import type { GrammarNode } from "./nodes.ts";
import { regExpNode } from "./pattern-parser.ts";
import type { Rules } from "./rules.ts";

/** Days end at 28, because a grammar cannot know the length of a month. */
const DATE = "[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])";
const CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?";
const ZONE = "(Z|[-+]([01][0-9]|2[0-3]):[0-5][0-9])";
const SPAN = "[0-9]{1,4}";
const OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])";
const LABEL = "[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?";
const HEX = "[0-9a-f]";

const FORMATS: Readonly<Record<string, string>> = {
  date: DATE,
  time: CLOCK + ZONE,
  "date-time": `${DATE}T${CLOCK}${ZONE}`,
  duration: `P(${SPAN}D(T${SPAN}[HMS])?|T${SPAN}[HMS])`,
  uuid: `${HEX}{8}-${HEX}{4}-${HEX}{4}-${HEX}{4}-${HEX}{12}`,
  ipv4: `${OCTET}(\\.${OCTET}){3}`,
  ipv6: `(${HEX}{1,4}:){7}${HEX}{1,4}`,
  hostname: `${LABEL}(\\.${LABEL}){0,8}`,
  email: `[a-zA-Z0-9][-a-zA-Z0-9_+]{0,40}(\\.[-a-zA-Z0-9_+]{1,20}){0,4}@${LABEL}(\\.${LABEL}){1,4}`,
  uri: `[a-z][a-z0-9]{1,10}://${LABEL}(\\.${LABEL}){0,8}(/[-a-zA-Z0-9._~%]{0,60}){0,16}(\\?[-a-zA-Z0-9._~%=&]{0,200})?`,
};

export const FORMAT_NAMES: readonly string[] = Object.keys(FORMATS);

/** Other formats are annotations. */
export function isKnownFormat(format: unknown): format is string {
  return typeof format === "string" && Object.hasOwn(FORMATS, format);
}

/** The text inside the quotes. */
export function formatRule(format: string, rules: Rules): GrammarNode {
  return rules.once(`format-${format}`, () => nodeOf(format));
}

/** The fewest and the most characters of a text of the format. */
export function formatLengths(format: string): Lengths {
  return lengthsOf(nodeOf(format));
}

function nodeOf(format: string): GrammarNode {
  return regExpNode(FORMATS[format] ?? "");
}

type Lengths = { readonly min: number; readonly max: number };

function lengthsOf(node: GrammarNode): Lengths {
  switch (node.type) {
    case "literal":
      return { min: node.text.length, max: node.text.length };
    case "char":
      return { min: 1, max: 1 };
    case "sequence":
      return node.parts
        .map(lengthsOf)
        .reduce((sum, { min, max }) => ({ min: sum.min + min, max: sum.max + max }));
    case "choice": {
      const options = node.options.map(lengthsOf);
      return {
        min: Math.min(...options.map(({ min }) => min)),
        max: Math.max(...options.map(({ max }) => max)),
      };
    }
    case "repeat": {
      const { min, max } = lengthsOf(node.part);
      return { min: min * node.min, max: max * node.max };
    }
    case "rule":
      return { min: 0, max: Number.POSITIVE_INFINITY }; // the formats have none
  }
}
