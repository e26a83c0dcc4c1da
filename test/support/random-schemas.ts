// Random small schemas over the keywords that grammars enforce, the same in every run.

// biome-ignore-all lint/suspicious/noThenProperty: a keyword of JSON Schema

import type { Json } from "../../src/generation/request.ts";

type Keywords = Record<string, Json>;

const TYPES = ["object", "array", "string", "number", "integer", "boolean", "null"];
const NAMES = ["a", "b", "c", "ab"];
const PATTERNS = ["^a", "b$", "^[ab]+$", "a|c", "^.$"];
const NUMBERS = [-2, -1, 0, 1, 1.5, 2, 3];
const TEXTS = ["", "a", "b", "ab", "abc"];

export class RandomSchemas {
  #state: number;
  /** The type that many parts of a document have in common, so that they bear on each other. */
  #usual = "object";

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A document, of which some parts refer to `$defs`. */
  document(): Keywords {
    this.#usual = this.pick(TYPES.slice(0, 5));
    const $defs = { x: this.schema(2), y: this.schema(1) };
    const schema = this.#keywords(3);
    return JSON.stringify(schema).includes("$ref") || JSON.stringify($defs.x).includes("$ref")
      ? { ...schema, $defs }
      : schema;
  }

  schema(depth: number): Json {
    if (this.chance() < 0.06) return true;
    if (this.chance() < 0.03) return false;
    return this.#keywords(depth);
  }

  value(depth = 2): Json {
    const kind = depth === 0 ? this.#number(4) : this.#number(7);
    if (kind < 2) return this.pick(NUMBERS);
    if (kind === 2) return this.pick(TEXTS);
    if (kind === 3) return this.pick([true, false, null]);
    if (kind === 4) return Array.from({ length: this.#number(3) }, () => this.value(depth - 1));
    return this.#mapOf(() => this.value(depth - 1));
  }

  /** From 0 up to 1. */
  chance(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return this.#state / 2 ** 32;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.#number(list.length)] as T; // no list is empty
  }

  #number(below: number): number {
    return Math.floor(this.chance() * below);
  }

  #some<T>(list: readonly T[]): T[] {
    return list.filter(() => this.chance() < 0.5);
  }

  #mapOf(make: () => Json): Keywords {
    return Object.fromEntries(this.#some(NAMES).map((name) => [name, make()]));
  }

  #keywords(depth: number): Keywords {
    const parts = [this.#typed(depth)];
    if (depth > 0 && this.chance() < 0.55) parts.push(this.#combined(depth - 1));
    if (depth > 0 && this.chance() < 0.2) parts.push(this.#combined(depth - 1));
    if (this.chance() < 0.06) parts.push(this.#listed());
    if (depth > 0 && this.chance() < 0.08)
      return {
        ...(this.chance() < 0.5 ? this.#typed(depth) : {}),
        $ref: this.pick(["#/$defs/x", "#/$defs/y"]),
      };
    return Object.assign({}, ...this.#shuffled(parts));
  }

  #shuffled<T>(list: readonly T[]): T[] {
    return this.chance() < 0.5 ? [...list] : list.toReversed();
  }

  #typed(depth: number): Keywords {
    const any = this.pick(depth === 0 ? TYPES.slice(2) : ["object", ...TYPES]);
    const type = this.chance() < 0.5 && depth > 0 ? this.#usual : any;
    const stated = this.chance() < 0.75 ? { type } : {};
    if (this.chance() < 0.05) return { type: [type, this.pick(TYPES)] };
    if (type === "object") return { ...stated, ...this.#object(depth - 1) };
    if (type === "array") return { ...stated, ...this.#array(depth - 1) };
    if (type === "string") return { ...stated, ...this.#text() };
    if (type === "number" || type === "integer") return { ...stated, ...this.#limits() };
    return { type };
  }

  #listed(): Keywords {
    if (this.chance() < 0.5) return { const: this.value() };
    return { enum: Array.from({ length: 1 + this.#number(4) }, () => this.value()) };
  }

  #limits(): Keywords {
    return this.#chosen(0.3, {
      minimum: () => this.pick(NUMBERS.slice(0, 4)),
      maximum: () => this.pick(NUMBERS.slice(3)),
      exclusiveMinimum: () => this.pick(NUMBERS.slice(0, 4)),
      exclusiveMaximum: () => this.pick(NUMBERS.slice(3)),
      multipleOf: () => this.pick([1, 2, 3, 0.5]),
    });
  }

  #text(): Keywords {
    return this.#chosen(0.35, {
      minLength: () => this.#number(2),
      maxLength: () => 1 + this.#number(3),
      pattern: () => this.pick(PATTERNS),
    });
  }

  #object(depth: number): Keywords {
    return {
      ...(this.chance() < 0.8 ? { properties: this.#mapOf(() => this.schema(depth)) } : {}),
      ...this.#chosen(0.15, {
        patternProperties: () => ({ [this.pick(PATTERNS)]: this.schema(depth) }),
        propertyNames: () => ({ ...this.#text() }),
        minProperties: () => this.#number(3),
        maxProperties: () => 2 + this.#number(3),
        dependentRequired: () => this.#mapOf(() => this.#some(NAMES)),
        dependentSchemas: () => ({ [this.pick(NAMES)]: this.schema(depth) }),
        unevaluatedProperties: () => false,
      }),
      ...this.#chosen(0.4, {
        required: () => this.#some(NAMES),
        additionalProperties: () => (this.chance() < 0.6 ? false : this.schema(depth)),
      }),
    };
  }

  #array(depth: number): Keywords {
    return this.#chosen(0.25, {
      items: () => this.schema(depth),
      prefixItems: () => [this.schema(depth), this.schema(depth)],
      minItems: () => this.#number(2),
      maxItems: () => 1 + this.#number(3),
      uniqueItems: () => true,
      contains: () => this.schema(depth),
      unevaluatedItems: () => this.schema(depth),
    });
  }

  #combined(depth: number): Keywords {
    const branches = () => Array.from({ length: 1 + this.#number(3) }, () => this.schema(depth));
    return this.pick<() => Keywords>([
      () => ({ allOf: branches() }),
      () => ({ anyOf: branches() }),
      () => ({ oneOf: branches() }),
      () => ({ not: this.schema(depth) }),
      () => ({ if: this.schema(depth), then: this.schema(depth), else: this.schema(depth) }),
    ])();
  }

  #chosen(chance: number, makers: Readonly<Record<string, () => Json>>): Keywords {
    const chosen = Object.entries(makers).filter(() => this.chance() < chance);
    return Object.fromEntries(chosen.map(([keyword, make]) => [keyword, make()]));
  }
}
