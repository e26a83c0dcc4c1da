// Python's methods of texts, dicts and lists that the package does not have, or has in JavaScript's way.

import { braceFormatted } from "./format.ts";
import {
  type Arguments,
  areEqual,
  dict,
  entriesIn,
  isDict,
  isList,
  isText,
  isUndefined,
  itemsIn,
  keyOf,
  list,
  textOf,
  tupleOf,
  type Value,
  valueFrom,
} from "./values.ts";

type Method = (self: Value, given: Arguments) => Value;
type TextMethod = (self: string, args: readonly string[], given: Arguments) => unknown;

/** Whitespace as Python's `strip()` takes it: what JavaScript's `trim()` takes, and four separators. */
const SPACE = "[\\s\\x1c-\\x1f\\x85]";

export function trimmed(text: string, chars: string | undefined, sides = "both"): string {
  const set = chars === undefined ? SPACE : `[${chars.replace(/[\\\]^-]/g, "\\$&")}]`;
  const atStart = sides === "end" ? text : text.replace(new RegExp(`^${set}+`, "u"), "");
  return sides === "start" ? atStart : withoutEnd(atStart, new RegExp(`^${set}$`, "u"));
}

/** Not by a pattern with `+$`, which would take quadratic time on a long run of spaces inside the text. */
function withoutEnd(text: string, isTrimmed: RegExp): string {
  let end = text.length;
  while (end > 0 && isTrimmed.test(text.slice(end - 1, end))) end -= 1;
  return text.slice(0, end);
}

const TEXT_METHODS: Readonly<Record<string, TextMethod>> = {
  strip: (self, [chars]) => trimmed(self, chars),
  lstrip: (self, [chars]) => trimmed(self, chars, "start"),
  rstrip: (self, [chars]) => trimmed(self, chars, "end"),
  capitalize: (self) => self.slice(0, 1).toUpperCase() + self.slice(1).toLowerCase(),
  casefold: (self) => self.toLowerCase(),
  count: (self, [part = ""]) => self.split(part).length - 1,
  find: (self, [part = ""]) => self.indexOf(part),
  rfind: (self, [part = ""]) => self.lastIndexOf(part),
  index: (self, [part = ""]) => found(self.indexOf(part)),
  removeprefix: (self, [part = ""]) => (self.startsWith(part) ? self.slice(part.length) : self),
  removesuffix: (self, [part = ""]) =>
    part !== "" && self.endsWith(part) ? self.slice(0, -part.length) : self,
  isdigit: (self) => /^\p{Nd}+$/u.test(self),
  isnumeric: (self) => /^\p{N}+$/u.test(self),
  isalpha: (self) => /^\p{L}+$/u.test(self),
  isalnum: (self) => /^[\p{L}\p{N}]+$/u.test(self),
  isspace: (self) => new RegExp(`^${SPACE}+$`, "u").test(self),
  isupper: (self) => self === self.toUpperCase() && self !== self.toLowerCase(),
  islower: (self) => self === self.toLowerCase() && self !== self.toUpperCase(),
  splitlines: (self) => self.replace(/(\r\n|\n|\r)$/, "").split(self === "" ? /$^/ : /\r\n|\n|\r/),
  swapcase: (self) =>
    [...self].map((c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join(""),
  zfill: (self, _args, { args: [width] }) => self.padStart(Number(width?.value ?? 0), "0"),
  ljust: (self, _args, { args: [width] }) => self.padEnd(Number(width?.value ?? 0)),
  rjust: (self, _args, { args: [width] }) => self.padStart(Number(width?.value ?? 0)),
  join: (self, _args, { args: [items] }) =>
    items && isList(items)
      ? itemsIn(items).map(textOf).join(self)
      : [...textOf(items as Value)].join(self),
  format: (self, _args, given) => braceFormatted(self, given),
  partition: (self, [part = ""]) => parted(self, part, self.indexOf(part)),
  rpartition: (self, [part = ""]) => parted(self, part, self.lastIndexOf(part)),
  rsplit: (self, [part], { args: [, limit] }) => splitFromEnd(self, part, limit),
};

function found(at: number): number {
  if (at < 0) throw new Error("substring not found");
  return at;
}

function parted(text: string, part: string, at: number): readonly string[] {
  return at < 0 ? [text, "", ""] : [text.slice(0, at), part, text.slice(at + part.length)];
}

function splitFromEnd(text: string, part: string | undefined, limit: Value | undefined) {
  const pieces = part === undefined ? text.split(/\s+/).filter(Boolean) : text.split(part);
  const most = Number(limit?.value ?? -1);
  if (most < 0 || pieces.length <= most + 1) return pieces;
  return [
    pieces.slice(0, pieces.length - most).join(part ?? " "),
    ...pieces.slice(pieces.length - most),
  ];
}

const DICT_METHODS: Readonly<Record<string, Method>> = {
  get: (self, { args: [key, fallback] }) =>
    (key && !isUndefined(key) ? entriesIn(self).get(keyOf(key)) : null) ??
    fallback ??
    valueFrom(null),
  items: (self) =>
    list([...entriesIn(self)].map(([key, value]) => tupleOf([valueFrom(key), value]))),
  keys: (self) => list([...entriesIn(self).keys()].map(valueFrom)),
  values: (self) => list([...entriesIn(self).values()]),
  copy: (self) => dict(entriesIn(self)),
};

const LIST_METHODS: Readonly<Record<string, Method>> = {
  index: (self, { args: [item] }) =>
    valueFrom(found(itemsIn(self).findIndex((each) => item && areEqual(each, item)))),
  count: (self, { args: [item] }) =>
    valueFrom(itemsIn(self).filter((each) => item && areEqual(each, item)).length),
  copy: (self) => list(itemsIn(self)),
};

/** @returns null if there is none of this name, or the package's own is right */
export function methodOf(self: Value, name: string): ((given: Arguments) => Value) | null {
  if (isText(self)) {
    const own = Object.hasOwn(TEXT_METHODS, name) ? TEXT_METHODS[name] : undefined;
    if (!own) return null;
    return (given) => {
      const texts = given.args.filter(isText).map(textOf);
      return valueFrom(own(textOf(self), texts, given));
    };
  }
  const methods = isDict(self) ? DICT_METHODS : isList(self) ? LIST_METHODS : {};
  const own = Object.hasOwn(methods, name) ? methods[name] : undefined;
  return own ? (given) => own(self, given) : null;
}
