// The runtime values of @huggingface/jinja, treated as Python treats them: how they print, compare, contain and iterate.

import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja";

/** The package does not export its classes of values; they are told apart by `type`. */
export type Value = ReturnType<Environment["set"]>;

/** Arguments of a call: in order, and by name. */
export type Arguments = {
  readonly args: readonly Value[];
  readonly kwargs: ReadonlyMap<string, Value>;
};

/** A dict's key: text, number (also true and false), or null for None. */
export type Key = string | number | null;

/** As the package converts: slow, because it makes an environment for each value. */
function converted(json: unknown): Value {
  return new Environment().set("value", json);
}

type Constructor = new (value?: unknown) => Value;
const constructorOf = (value: Value) => value.constructor as Constructor; // the class of the package
const TextValue = constructorOf(converted(""));
const IntegerValue = constructorOf(converted(1));
const FloatValue = constructorOf(converted(0.5));
const BooleanValue = constructorOf(converted(true));
const NullValue = constructorOf(converted(null));
const ListValue = constructorOf(converted([]));
const DictValue = constructorOf(converted({}));
const FunctionValue = constructorOf(converted(() => null));
const [tuple] = parse(tokenize("{{ (1, 2) }}")).body;
const TupleValue = constructorOf(new Interpreter().evaluate(tuple, new Environment()));

/** Converts JSON, or a function of JSON values, to a runtime value. */
export function valueFrom(json: unknown): Value {
  switch (typeof json) {
    case "string":
      return new TextValue(json);
    case "boolean":
      return new BooleanValue(json);
    case "number":
      return Number.isInteger(json) ? new IntegerValue(json) : new FloatValue(json);
    case "object":
      if (json === null) return new NullValue();
      if (Array.isArray(json)) return list(json.map(valueFrom));
      return dict(Object.entries(json).map(([name, member]) => [name, valueFrom(member)]));
    default:
      return converted(json);
  }
}

export const UNDEFINED = converted(undefined);
export const float = (value: number) => new FloatValue(value);
export const functionOf = (run: (args: readonly Value[]) => Value) => new FunctionValue(run);
export const list = (items: readonly Value[]) => new ListValue([...items]);
export const tupleOf = (items: readonly Value[]) => new TupleValue([...items]);
export const dict = (entries: Iterable<readonly [Key, Value]>) => new DictValue(new Map(entries));

export function isText(value: Value): boolean {
  return value.type === "StringValue";
}

export function isList(value: Value): boolean {
  return value.type === "ArrayValue" || value.type === "TupleValue";
}

export function isDict(value: Value): boolean {
  return value.type === "ObjectValue" || value.type === "KeywordArgumentsValue";
}

export function isNumber(value: Value): boolean {
  return ["IntegerValue", "FloatValue", "BooleanValue"].includes(value.type);
}

export function isUndefined(value: Value): boolean {
  return value.type === "UndefinedValue";
}

export function isTrue(value: Value): boolean {
  return value.__bool__().value;
}

export function itemsIn(value: Value): readonly Value[] {
  return value.value as readonly Value[]; // the value of a list
}

export function entriesIn(value: Value): ReadonlyMap<Key, Value> {
  return value.value as ReadonlyMap<Key, Value>; // the value of a dict
}

/** @throws Error for a value that is no dict's key */
export function keyOf(value: Value): Key {
  if (isText(value)) return value.value as string;
  if (value.type === "NullValue") return null; // the package gives it no value
  if (isNumber(value)) return Number(value.value);
  throw new Error(`unhashable type: '${nameOf(value)}'`);
}

const NAMES: Readonly<Record<string, string>> = {
  StringValue: "str",
  IntegerValue: "int",
  FloatValue: "float",
  BooleanValue: "bool",
  ObjectValue: "dict",
  ArrayValue: "list",
  TupleValue: "tuple",
  NullValue: "NoneType",
  UndefinedValue: "Undefined",
};

/** Python's name of the value's type. */
export function nameOf({ type }: Value): string {
  return NAMES[type] ?? type;
}

/** Like Python's `str()`. */
export function textOf(value: Value): string {
  if (isText(value)) return value.value as string;
  return isUndefined(value) ? "" : representationOf(value);
}

/** Like Python's `repr()`. */
export function representationOf(value: Value): string {
  switch (value.type) {
    case "StringValue":
      return quoted(value.value as string);
    case "BooleanValue":
      return value.value ? "True" : "False";
    case "FloatValue":
      return floatText(value.value as number);
    case "NullValue":
      return "None";
    case "UndefinedValue":
      return "Undefined";
    case "ArrayValue":
      return `[${itemsIn(value).map(representationOf).join(", ")}]`;
    case "TupleValue": {
      const items = itemsIn(value).map(representationOf);
      return `(${items.join(", ")}${items.length === 1 ? "," : ""})`;
    }
    case "ObjectValue": {
      const members = [...entriesIn(value)].map(
        ([key, member]) => `${representationOf(valueFrom(key))}: ${representationOf(member)}`,
      );
      return `{${members.join(", ")}}`;
    }
    default:
      return value.toString();
  }
}

const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Python escapes just these
  const body = text.replace(/[\\\x00-\x1f\x7f-\xa0\xad]/g, (found) => {
    if (found === "\\") return "\\\\";
    return ESCAPES[found] ?? `\\x${found.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return quote + body.replaceAll(quote, `\\${quote}`) + quote;
}

function floatText(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  const size = Math.abs(value);
  const isPlain = size === 0 || (size >= 1e-4 && size < 1e16);
  if (isPlain) return Number.isInteger(value) ? value.toFixed(1) : String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
}

/** Like Python's `==`. */
export function areEqual(a: Value, b: Value): boolean {
  if (isNumber(a) && isNumber(b)) return Number(a.value) === Number(b.value);
  if (a.type !== b.type) return false;
  if (isList(a)) {
    const [left, right] = [itemsIn(a), itemsIn(b)];
    return left.length === right.length && left.every((item, at) => isSame(item, right[at]));
  }
  if (isDict(a)) {
    const [left, right] = [entriesIn(a), entriesIn(b)];
    return (
      left.size === right.size && [...left].every(([key, item]) => isSame(item, right.get(key)))
    );
  }
  return a.value === b.value;
}

function isSame(a: Value, b: Value | undefined): boolean {
  return b !== undefined && areEqual(a, b);
}

/** Negative if `a` is less than `b`. @throws Error for types that Python does not order */
export function compare(a: Value, b: Value): number {
  if (isNumber(a) && isNumber(b)) return Number(a.value) - Number(b.value);
  if (isText(a) && isText(b)) return a.value === b.value ? 0 : `${a.value}` < `${b.value}` ? -1 : 1;
  if (isList(a) && a.type === b.type) {
    const [left, right] = [itemsIn(a), itemsIn(b)];
    for (const [at, item] of left.entries()) {
      const other = right[at];
      if (other === undefined) return 1;
      const order = compare(item, other);
      if (order !== 0) return order;
    }
    return left.length - right.length;
  }
  throw new Error(`'<' not supported between instances of '${nameOf(a)}' and '${nameOf(b)}'`);
}

/** Like Python's `in`. Nothing is in an undefined value. */
export function contains(holder: Value, item: Value): boolean {
  if (isUndefined(holder)) return false;
  if (isList(holder)) return itemsIn(holder).some((each) => areEqual(each, item));
  if (isDict(holder)) return entriesIn(holder).has(keyOf(item));
  if (isText(holder) && isText(item)) return textOf(holder).includes(textOf(item));
  throw new Error(`argument of type '${nameOf(holder)}' is not a container for this value`);
}

/** The elements that a loop visits: none of an undefined value. */
export function elementsOf(value: Value): readonly Value[] {
  if (isUndefined(value)) return [];
  if (isList(value)) return itemsIn(value);
  if (isDict(value)) return [...entriesIn(value).keys()].map(valueFrom);
  if (isText(value)) return [...textOf(value)].map(valueFrom);
  throw new Error(`'${nameOf(value)}' object is not iterable`);
}

/** Makes no value of each character: a text may have millions. */
export function lengthOf(value: Value): number {
  return isText(value) ? charactersOf(textOf(value)).length : elementsOf(value).length;
}

/** @param index counts from the end if it is negative */
export function elementAt(value: Value, index: number): Value {
  if (!isText(value)) return elementsOf(value).at(index) ?? UNDEFINED;
  const character = charactersOf(textOf(value)).at(index);
  return character === undefined ? UNDEFINED : valueFrom(character);
}

/** The text itself if no character of it has two halves. */
function charactersOf(text: string): string | readonly string[] {
  return /[\ud800-\udbff]/.test(text) ? [...text] : text;
}
