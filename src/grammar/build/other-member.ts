// A member that an object does not declare: its name differs from the declared ones and decides, by the patterns it matches,
// which schema its value has.

import type { Json } from "../../generation/request.ts";
import { anyName, memberOf, quoted } from "../json.ts";
import { type GrammarNode, oneOf } from "../nodes.ts";
import type { MemberTable, ObjectShape } from "../normalize/shapes.ts";
import type { Rules } from "../rules.ts";
import { isNever } from "../schema-keywords.ts";
import { conditionLanguage } from "../text/condition-language.ts";
import type { Language } from "../text/language.ts";
import { PatternError } from "../text/pattern/pattern-error.ts";
import { patternLanguage } from "../text/pattern-language.ts";
import { textRule } from "../text/text-rule.ts";
import { isNothing } from "../text/writer/automaton.ts";
import type { BuildContext } from "./build-context.ts";
import { arePlain, namesExcept } from "./other-names.ts";

/** Up to this number of kinds, those without any name are kept, because finding them is more work. */
const FEW_KINDS = 4;
/** Limit on kinds of names of one object. */
const MOST_KINDS = 64;
/** Limit on characters of all declared names. Above it, only the beginning of each name is compared. */
const MOST_CHARS = 500;
/** The same limit in a grammar with more than `MANY_PARTS` elements. */
const MOST_CHARS_OF_MANY = 80;
const MANY_PARTS = 6_000;
/** Names that are written without quotes. */
const BARE_NAME = "^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$";

/** A kind of names: all that match the same patterns. */
type NameKind = {
  readonly names: Language;
  /** The schemas of their values. */
  readonly schemas: readonly Json[];
  /** Whether the schema says something about such members. */
  readonly isMentioned: boolean;
};

/** @param declared names of the members that have rules of their own. @returns null if there can be no other member */
export function otherMember(
  shape: ObjectShape,
  declared: ReadonlySet<string>,
  context: BuildContext,
): GrammarNode | null {
  if (shape.tables.some(isClosed)) return null;
  const { rules } = context;
  const mustMention =
    !context.isOpen &&
    (declared.size > 0 || shape.tables.some(({ patterns }) => patterns.length > 0));
  const kinds = kindsOf(shape, context).flatMap(({ names, schemas, isMentioned }) => {
    if (mustMention && !isMentioned) return [];
    const value = context.visit(context.shapes.joiner.both(schemas));
    if (value === null) return [];
    const name = nameRule(names, declared, context);
    return name ? [memberOf(rules, name, value)] : [];
  });
  return kinds.length === 0 ? null : rules.add("member", oneOf(kinds));
}

function isClosed({ patterns, others }: MemberTable): boolean {
  return patterns.length === 0 && isNever(others);
}

function kindsOf(shape: ObjectShape, context: BuildContext): readonly NameKind[] {
  const { languages } = context.rules;
  let kinds: readonly NameKind[] = [
    { names: allowedNames(shape, context), schemas: [], isMentioned: false },
  ];
  for (const { patterns, others } of shape.tables) {
    let table: readonly (NameKind & { readonly isMatched: boolean })[] = kinds.map((kind) => ({
      ...kind,
      isMatched: false,
    }));
    for (const { pattern, schema } of patterns) {
      const matching = patternLanguage(languages, pattern);
      table = table.flatMap((kind) => [
        {
          names: languages.both([kind.names, matching]),
          schemas: [...kind.schemas, schema],
          isMatched: true,
          isMentioned: true,
        },
        { ...kind, names: languages.both([kind.names, languages.not(matching)]) },
      ]);
      if (table.length > FEW_KINDS) table = table.filter(({ names }) => !isNothing(names));
      if (table.length > MOST_KINDS) throw new PatternError("too many patterns overlap");
    }
    kinds = table.map(({ names, schemas, isMatched, isMentioned }) => ({
      names,
      schemas: isMatched ? schemas : [...schemas, others ?? true],
      isMentioned: isMentioned || others !== undefined,
    }));
  }
  return kinds;
}

/** The names that propertyNames allows. */
function allowedNames({ names }: ObjectShape, { rules, shapes }: BuildContext): Language {
  const { languages } = rules;
  return languages.both(
    names.map((schema) =>
      languages.either(
        shapes.shapesOf(schema).flatMap((shape) => {
          if (shape.type === "string") return [conditionLanguage(languages, shape.text)];
          if (shape.type !== "values") return [];
          const texts = shape.values.filter((value) => typeof value === "string");
          return texts.map((text) => languages.literal(text));
        }),
      ),
    ),
  );
}

function nameRule(
  names: Language,
  declared: ReadonlySet<string>,
  { rules }: BuildContext,
): GrammarNode | null {
  const { languages, syntax } = rules;
  if (names === languages.everything && declared.size === 0) return anyName(rules);
  if (names === languages.everything && syntax.hasEscapes && arePlain(declared))
    return quoted(rules, namesExcept(declared, comparedChars(declared, rules), rules));
  const left = languages.both([names, languages.not(startsOf(declared, rules))]);
  if (syntax.areNamesQuoted) {
    const inside = textRule(rules, left);
    return inside && quoted(rules, inside);
  }
  return textRule(rules, languages.both([left, patternLanguage(languages, BARE_NAME)]));
}

/** Characters of each declared name that are compared. */
function comparedChars(declared: ReadonlySet<string>, { elements }: Rules): number {
  const most = elements < MANY_PARTS ? MOST_CHARS : MOST_CHARS_OF_MANY;
  const chars = [...declared].reduce((sum, { length }) => sum + length, 0);
  return chars <= most ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(most / declared.size));
}

/** The declared names, and if these are many, all names that begin like one of them. */
function startsOf(declared: ReadonlySet<string>, rules: Rules): Language {
  const { languages } = rules;
  const most = comparedChars(declared, rules);
  return languages.either(
    [...declared].map((name) => {
      const chars = [...name];
      if (chars.length <= most) return languages.literal(name);
      return languages.sequence(
        languages.literal(chars.slice(0, most).join("")),
        languages.everything,
      );
    }),
  );
}
