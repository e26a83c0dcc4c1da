// Strings of a JSON Schema, limited by length, pattern or format.

import { anyString, quoted, stringChar, stringOfLength } from "./json.ts";
import type { GrammarNode } from "./nodes.ts";
import { PatternError } from "./pattern-parser.ts";
import type { Rules } from "./rules.ts";
import { join, readCount, type Schema, SchemaError } from "./schema-keywords.ts";
import { FORMAT_NAMES, formatRule } from "./string-format.ts";
import { patternRule } from "./string-pattern.ts";

/** @throws SchemaError */
export function stringRule(schema: Schema, path: string, rules: Rules): GrammarNode {
  const { pattern, format, minLength, maxLength } = schema;
  const min = readCount(minLength, join(path, "minLength")) ?? 0;
  const max = readCount(maxLength, join(path, "maxLength"));
  const hasLength = min > 0 || max !== null;
  if ([pattern !== undefined, format !== undefined, hasLength].filter(Boolean).length > 1) {
    const keyword = pattern !== undefined ? "pattern" : "format";
    throw new SchemaError(
      join(path, keyword),
      "cannot be enforced together with another limit on the string",
    );
  }
  if (pattern !== undefined) return patternString(String(pattern), join(path, "pattern"), rules);
  if (format !== undefined) return formatString(String(format), join(path, "format"), rules);
  if (!hasLength) return anyString(rules);
  if (max !== null && max < min)
    throw new SchemaError(join(path, "maxLength"), "is below minLength");
  return stringOfLength(rules, min, max);
}

function patternString(pattern: string, path: string, rules: Rules): GrammarNode {
  try {
    return quoted(rules, patternRule(pattern, rules, stringChar(rules)));
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const shown = pattern.length > 100 ? `${pattern.slice(0, 100)}...` : pattern;
    throw new SchemaError(path, `${shown} cannot be enforced: ${error.message}`);
  }
}

function formatString(format: string, path: string, rules: Rules): GrammarNode {
  const rule = formatRule(format, rules);
  if (rule) return quoted(rules, rule);
  throw new SchemaError(
    path,
    `${format} cannot be enforced; use one of ${FORMAT_NAMES.join(", ")}`,
  );
}
