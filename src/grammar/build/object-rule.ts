// Objects: the declared members in their order, then the others that the schema allows.

import type { Json } from "../../generation/request.ts";
import { writeName } from "../../generation/syntax.ts";
import { anyObject, comma, memberOf } from "../json.ts";
import { type GrammarPart, sequence } from "../nodes.ts";
import { matchesSchema } from "../normalize/matching.ts";
import { namesIn, type Presence, presenceSize, whenMember } from "../normalize/presence.ts";
import { declaredNames, memberSchema } from "../normalize/shape-context.ts";
import { isWholeType, type ObjectShape } from "../normalize/shapes.ts";
import { SchemaError } from "../schema-keywords.ts";
import type { BuildContext } from "./build-context.ts";
import { memberSequence, type SequencePart } from "./member-sequence.ts";
import { otherMember } from "./other-member.ts";

/** Members are written one inside the other, which takes stack. */
const MOST_MEMBERS = 2_000;
const MOST_LISTED = 200;

/** @returns null if there is no such object. @throws SchemaError */
export function objectRule(shape: ObjectShape, context: BuildContext): GrammarPart | null {
  const { rules } = context;
  if (isWholeType(shape)) return anyObject(rules);
  const declared = declaredNames(shape, context.shapes);
  const listed = context.isOpen || declared.size > 0 ? [] : listedNames(shape, context);
  const names = new Set([...declared, ...shape.required, ...namesIn(shape.presence), ...listed]);
  rules.budget.spend(names.size);
  if (names.size > MOST_MEMBERS)
    throw new SchemaError("", `describes an object with more than ${MOST_MEMBERS} members`);
  const parts: SequencePart[] = [];
  let presence: Presence = shape.presence;
  for (const name of names) {
    rules.budget.spend(2 * presenceSize(presence));
    const isRequired = shape.required.has(name);
    const value = presenceOf(name, presence) === false ? null : memberValue(name, shape, context);
    if (value !== null) {
      const member = memberOf(rules, nameOf(name, context), value);
      parts.push({ name, node: isRequired ? member : rules.add("member", member), isRequired });
    } else if (isRequired) return null;
    else presence = whenMember(presence, name, false);
  }
  const other = otherMember(shape, names, context);
  const { min, max } = shape;
  const members = memberSequence({ rules, comma: comma(rules), parts, other, presence, min, max });
  return members && rules.add("object", sequence("{", members, "}"));
}

/** Names that propertyNames lists. As members in this order, none is written twice, which a small model would do. */
function listedNames({ names, tables }: ObjectShape, { shapes }: BuildContext): readonly string[] {
  const [only, ...more] = names;
  const hasPatterns = tables.some(({ patterns }) => patterns.length > 0);
  if (only === undefined || more.length > 0 || hasPatterns) return [];
  const found = shapes
    .shapesOf(only)
    .flatMap((shape) => (shape.type === "values" ? shape.values : [null]));
  const texts = found.filter((value) => typeof value === "string");
  return texts.length < found.length || texts.length > MOST_LISTED ? [] : texts;
}

/** The formula if the member is there; false if it cannot be. */
function presenceOf(name: string, presence: Presence): Presence {
  return typeof presence === "boolean" ? presence : whenMember(presence, name, true);
}

function memberValue(name: string, shape: ObjectShape, context: BuildContext): GrammarPart | null {
  const isAllowed = shape.names.every((schema: Json) =>
    matchesSchema(schema, name, context.shapes),
  );
  return isAllowed ? context.visit(memberSchema(shape, name, context.shapes)) : null;
}

/** The name as it is written. A long one costs units. */
function nameOf(name: string, { rules }: BuildContext): string {
  const text = writeName(name, rules.syntax);
  rules.budget.spendChars(text.length);
  return text;
}
