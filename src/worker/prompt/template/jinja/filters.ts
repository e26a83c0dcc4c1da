// Jinja's filters that the package does not have, or has for some types only.
// https://jinja.palletsprojects.com/en/stable/templates/#list-of-builtin-filters

import { percentFormatted } from "./format.ts";
import { trimmed } from "./methods.ts";
import { passes } from "./tests.ts";
import { toJson } from "./to-json.ts";
import {
  type Arguments,
  compare,
  dict,
  elementAt,
  elementsOf,
  entriesIn,
  float,
  isDict,
  isList,
  isNumber,
  isText,
  isTrue,
  isUndefined,
  itemsIn,
  keyOf,
  lengthOf,
  list,
  representationOf,
  textOf,
  tupleOf,
  UNDEFINED,
  type Value,
  valueFrom,
} from "./values.ts";

/** Applies a filter by its name, for `map`. */
export type ApplyFilter = (name: string, value: Value, given: Arguments) => Value;
type Filter = (value: Value, given: Arguments, apply: ApplyFilter) => Value;

/** The value at a path of an `attribute` argument: names and indices, joined by dots. */
function attributeOf(value: Value, path: Value): Value {
  const steps = isText(path) ? textOf(path).split(".") : [String(path.value)];
  return steps.reduce<Value>((at, step) => {
    if (isDict(at)) return entriesIn(at).get(step) ?? UNDEFINED;
    return (isList(at) ? itemsIn(at)[Number(step)] : undefined) ?? UNDEFINED;
  }, value);
}

function named({ args, kwargs }: Arguments, name: string, position: number): Value | undefined {
  return kwargs.get(name) ?? args[position];
}

/** Python reads what `select` and `map` return only when it is used, so None is no error for them. */
function lazily(value: Value): readonly Value[] {
  return value.type === "NullValue" ? [] : elementsOf(value);
}

/** `select` and `reject` test the elements, `selectattr` and `rejectattr` one attribute of each. */
function selecting(isKept: boolean, hasAttribute: boolean): Filter {
  return (value, { args }) => {
    const [path, ...others] = hasAttribute ? args : [undefined, ...args];
    const [name, other = UNDEFINED] = others;
    return list(
      lazily(value).filter((item) => {
        const tested = path ? attributeOf(item, path) : item;
        return passes(tested, name && textOf(name), other) === isKept;
      }),
    );
  };
}

function extreme(sign: number): Filter {
  return (value) => {
    const [first = UNDEFINED, ...others] = elementsOf(value);
    return others.reduce((best, each) => (compare(each, best) * sign > 0 ? each : best), first);
  };
}

function mapped(value: Value, given: Arguments, apply: ApplyFilter): Value {
  const { args, kwargs } = given;
  const attribute = kwargs.get("attribute");
  const [name, ...others] = args;
  return list(
    lazily(value).map((item) => {
      if (!attribute) return apply(textOf(name ?? UNDEFINED), item, { args: others, kwargs });
      const found = attributeOf(item, attribute);
      return isUndefined(found) ? (kwargs.get("default") ?? found) : found;
    }),
  );
}

function joined(value: Value, given: Arguments): Value {
  const attribute = named(given, "attribute", 1);
  const items = elementsOf(value).map((item) => (attribute ? attributeOf(item, attribute) : item));
  return valueFrom(items.map(textOf).join(textOf(named(given, "d", 0) ?? valueFrom(""))));
}

function rounded(value: Value, given: Arguments): Value {
  const scale = 10 ** Number(named(given, "precision", 0)?.value ?? 0);
  const scaled = Number(value.value) * scale;
  const floor = Math.floor(scaled);
  // Python rounds a half to the even neighbour.
  const isTie = scaled - floor === 0.5;
  const result = (isTie ? floor + Math.abs(floor % 2) : Math.round(scaled)) / scale;
  return value.type === "FloatValue" ? float(result) : valueFrom(result);
}

/** Sorts texts without regard to case, unless asked otherwise. */
function sorted(value: Value, given: Arguments): Value {
  const isReversed = named(given, "reverse", 0)?.value === true;
  const isExact = named(given, "case_sensitive", 1)?.value === true;
  const attribute = named(given, "attribute", 2);
  const rank = (item: Value) => {
    const ranked = attribute ? attributeOf(item, attribute) : item;
    return isText(ranked) && !isExact ? valueFrom(textOf(ranked).toLowerCase()) : ranked;
  };
  const items = [...elementsOf(value)];
  items.sort((a, b) => compare(rank(a), rank(b)) * (isReversed ? -1 : 1));
  return list(items);
}

function unique(value: Value, given: Arguments): Value {
  const attribute = named(given, "attribute", 1);
  const seen = new Set<string>();
  return list(
    elementsOf(value).filter((item) => {
      const text = representationOf(attribute ? attributeOf(item, attribute) : item).toLowerCase();
      if (seen.has(text)) return false;
      seen.add(text);
      return true;
    }),
  );
}

/** @param parse reads a text; NaN if it is no number */
function numeric(parse: (text: string) => number, make: (value: number) => Value): Filter {
  return (value, given) => {
    const found = isText(value)
      ? parse(textOf(value))
      : isNumber(value)
        ? Number(value.value)
        : Number.NaN;
    return Number.isNaN(found) ? (named(given, "default", 0) ?? make(0)) : make(found);
  };
}

function indented(value: Value, given: Arguments): Value {
  const width = named(given, "width", 0)?.value ?? 4;
  const margin = typeof width === "number" ? " ".repeat(width) : `${width}`;
  const [isFirst, isBlank] = [named(given, "first", 1), named(given, "blank", 2)];
  const lines = textOf(value).split("\n");
  const text = lines.map((line, index) => {
    const isKept = index === 0 ? isFirst?.value === true : line !== "" || isBlank?.value === true;
    return isKept ? margin + line : line;
  });
  return valueFrom(text.join("\n"));
}

function replaced(value: Value, { args: [from, to, count] }: Arguments): Value {
  const pieces = textOf(value).split(textOf(from ?? UNDEFINED));
  const most = count && count.type === "IntegerValue" ? Number(count.value) : pieces.length;
  const rest = pieces.splice(most + 1);
  const text = pieces.join(textOf(to ?? UNDEFINED));
  return valueFrom([text, ...rest].join(textOf(from ?? UNDEFINED)));
}

function batches(value: Value, { args: [size, fill] }: Arguments): Value {
  const items = [...elementsOf(value)];
  const count = Math.max(1, Number(size?.value ?? 1));
  const rows: Value[] = [];
  while (items.length > 0) {
    const row = items.splice(0, count);
    while (fill && row.length < count) row.push(fill);
    rows.push(list(row));
  }
  return list(rows);
}

function grouped(value: Value, given: Arguments): Value {
  const attribute = named(given, "attribute", 0) ?? UNDEFINED;
  const groups = new Map<unknown, Value[]>();
  const keys: Value[] = [];
  for (const item of elementsOf(value)) {
    const key = attributeOf(item, attribute);
    const group = groups.get(keyOf(key));
    if (group) group.push(item);
    else {
      keys.push(key);
      groups.set(keyOf(key), [item]);
    }
  }
  keys.sort(compare);
  return list(keys.map((key) => tupleOf([key, list(groups.get(keyOf(key)) ?? [])])));
}

function fallback(value: Value, given: Arguments): Value {
  const isFalsy = named(given, "boolean", 1)?.value === true && !isTrue(value);
  if (!isUndefined(value) && !isFalsy) return value;
  return named(given, "default_value", 0) ?? valueFrom("");
}

const HTML: Readonly<Record<string, string>> = {
  ...{ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" },
};

const escaped: Filter = (value) =>
  valueFrom(textOf(value).replace(/[&<>"']/g, (found) => HTML[found] ?? found));

const length: Filter = (value) => valueFrom(lengthOf(value));

const FILTERS: Readonly<Record<string, Filter>> = {
  tojson: (value, { kwargs, args: [indent] }) =>
    valueFrom(toJson(value, indent ? new Map([...kwargs, ["indent", indent]]) : kwargs)),
  string: (value) => valueFrom(textOf(value)),
  trim: (value, { args: [chars] }) => valueFrom(trimmed(textOf(value), chars && textOf(chars))),
  upper: (value) => valueFrom(textOf(value).toUpperCase()),
  lower: (value) => valueFrom(textOf(value).toLowerCase()),
  capitalize: (value) => {
    const text = textOf(value);
    return valueFrom(text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase());
  },
  int: numeric(Number.parseFloat, (number) => valueFrom(Math.trunc(number))),
  float: numeric(Number.parseFloat, float),
  indent: indented,
  sort: sorted,
  unique,
  list: (value) => list(elementsOf(value)),
  items: (value) => {
    if (isUndefined(value)) return list([]);
    if (!isDict(value)) throw new Error("can only get item pairs from a mapping");
    return list([...entriesIn(value)].map(([key, member]) => tupleOf([valueFrom(key), member])));
  },
  ...{ length, count: length },
  ...{ escape: escaped, e: escaped, forceescape: escaped },
  first: (value) => elementAt(value, 0),
  last: (value) => elementAt(value, -1),
  reverse: (value) =>
    isText(value)
      ? valueFrom([...textOf(value)].reverse().join(""))
      : list([...elementsOf(value)].reverse()),
  join: joined,
  map: mapped,
  select: selecting(true, false),
  reject: selecting(false, false),
  selectattr: selecting(true, true),
  rejectattr: selecting(false, true),
  min: extreme(-1),
  max: extreme(1),
  sum: (value, given) => {
    const attribute = named(given, "attribute", 0);
    const start = Number(named(given, "start", 1)?.value ?? 0);
    const items = elementsOf(value).map((item) =>
      attribute ? attributeOf(item, attribute) : item,
    );
    return valueFrom(items.reduce((sum, item) => sum + Number(item.value), start));
  },
  round: rounded,
  batch: batches,
  groupby: grouped,
  wordcount: (value) => valueFrom(textOf(value).split(/\s+/).filter(Boolean).length),
  replace: replaced,
  format: (value, { args, kwargs }) =>
    valueFrom(percentFormatted(textOf(value), kwargs.size > 0 ? dict(kwargs) : tupleOf(args))),
  attr: (value, { args: [name = UNDEFINED] }) => attributeOf(value, name),
  ...{ default: fallback, d: fallback },
  dictsort: (value, given) => {
    const isReversed = named(given, "reverse", 2)?.value === true;
    const by = named(given, "by", 1);
    const at = by && textOf(by) === "value" ? 1 : 0;
    const pairs = [...entriesIn(value)].map(([key, member]) => tupleOf([valueFrom(key), member]));
    const order = (pair: Value) => {
      const part = itemsIn(pair)[at] ?? UNDEFINED;
      return isText(part) ? valueFrom(textOf(part).toLowerCase()) : part;
    };
    pairs.sort((a, b) => compare(order(a), order(b)) * (isReversed ? -1 : 1));
    return list(pairs);
  },
};

/** @returns null if the package's own filter is right, or there is none of this name */
export function ownFilter(name: string): Filter | null {
  const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
  return filter ?? null;
}

/** A dict from its entries, for the global function `dict`. */
export function dictOf(source: Value | undefined, kwargs: ReadonlyMap<string, Value>): Value {
  const entries = source && isDict(source) ? [...entriesIn(source)] : [];
  return dict([...entries, ...kwargs]);
}
