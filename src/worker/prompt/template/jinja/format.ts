// Python's two kinds of format strings: `'{} {name:>8}'.format(...)`, and `'%s: %02d' % values`, which is the filter `format` too.
// https://docs.python.org/3/library/string.html#formatspec

import {
  type Arguments,
  entriesIn,
  isDict,
  isText,
  itemsIn,
  nameOf,
  representationOf,
  textOf,
  type Value,
} from "./values.ts";

type Spec = {
  readonly fill: string;
  /** `<`, `>`, `^`, or `=` for zeros behind the sign. */
  readonly align: string;
  readonly sign: string;
  readonly width: number;
  readonly precision: number | null;
  readonly type: string;
  readonly groups: boolean;
};

const FIELD = /\{\{|\}\}|\{([^{}!:]*)(?:!([rs]))?(?::([^{}]*))?\}/g;
const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?(0)?(\d{1,4})?(,)?(?:\.(\d{1,2}))?([dfFeEgGosxXb%])?$/u;

/** `str.format`. @throws Error for a field without an argument, and for a specification that it does not know */
export function braceFormatted(text: string, { args, kwargs }: Arguments): string {
  let next = 0;
  return text.replace(FIELD, (whole, field?: string, shown?: string, spec = "") => {
    if (field === undefined) return whole.slice(1);
    const name = field === "" ? `${next++}` : field;
    const value = /^\d+$/.test(name) ? args[Number(name)] : kwargs.get(name);
    if (value === undefined) throw new Error(`format() has no argument for {${field}}`);
    if (shown === "r") return representationOf(value);
    return spec === "" ? textOf(value) : formatted(value, braceSpec(spec, value));
  });
}

function braceSpec(spec: string, value: Value): Spec {
  const parsed = SPEC.exec(spec);
  if (!parsed) throw new Error(`unknown format specification '${spec}'`);
  const [, fill, align, sign = "-", zero, width = "0", group, precision, type = ""] = parsed;
  return {
    fill: fill ?? (zero ? "0" : " "),
    align: align ?? (zero ? "=" : isText(value) ? "<" : ">"),
    sign,
    width: Number(width),
    precision: precision === undefined ? null : Number(precision),
    type,
    groups: group !== undefined,
  };
}

const PERCENT = /%(?:\((\w+)\))?([-+ 0]*)(\d{1,4})?(?:\.(\d{1,2}))?([sdifFeEgGoxXr%])/g;

/** @param values a tuple, a dict for fields with names, or a single value. @throws Error if there are too few */
export function percentFormatted(text: string, values: Value): string {
  const items = values.type === "TupleValue" ? itemsIn(values) : [values];
  let next = 0;
  return text.replace(PERCENT, (_, name, flags: string, width = "0", precision, kind: string) => {
    if (kind === "%") return "%";
    const members = name !== undefined && isDict(values) ? entriesIn(values) : null;
    const value = members ? members.get(name) : items[next++];
    if (value === undefined) throw new Error("not enough arguments for format string");
    const hasZeros = flags.includes("0") && !flags.includes("-") && !/[sr]/.test(kind);
    return formatted(kind === "r" ? representationOf(value) : value, {
      fill: hasZeros ? "0" : " ",
      align: flags.includes("-") ? "<" : hasZeros ? "=" : ">",
      sign: flags.includes("+") ? "+" : "-",
      width: Number(width),
      precision: precision === undefined ? null : Number(precision),
      type: /[di]/.test(kind) ? "d" : kind === "r" ? "s" : kind,
      groups: false,
    });
  });
}

function formatted(value: Value | string, spec: Spec): string {
  if (typeof value === "string" || isText(value) || spec.type === "s") {
    const text = typeof value === "string" ? value : textOf(value);
    if (!["", "s"].includes(spec.type)) throw new Error(`a number is required, not ${text}`);
    return aligned([...text].slice(0, spec.precision ?? undefined).join(""), spec, "");
  }
  const number = Number(value.value);
  if (Number.isNaN(number)) throw new Error(`a number is required, not ${nameOf(value)}`);
  const sign = number < 0 ? "-" : spec.sign === "-" ? "" : spec.sign;
  const digits = digitsOf(value, Math.abs(number), spec);
  return aligned(spec.groups ? digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",") : digits, spec, sign);
}

function digitsOf(value: Value, size: number, { type, precision }: Spec): string {
  switch (type) {
    case "f":
    case "F":
      return size.toFixed(precision ?? 6);
    case "e":
    case "E":
      return size.toExponential(precision ?? 6).replace(/e([+-])(\d)$/, "e$10$2");
    case "g":
    case "G":
      return String(Number(size.toPrecision(precision || 6)));
    case "%":
      return `${(size * 100).toFixed(precision ?? 6)}%`;
    case "x":
      return Math.trunc(size).toString(16);
    case "X":
      return Math.trunc(size).toString(16).toUpperCase();
    case "o":
      return Math.trunc(size).toString(8);
    case "b":
      return Math.trunc(size).toString(2);
    case "d":
      return String(Math.trunc(size));
    default:
      return precision === null
        ? representationOf(value).replace(/^-/, "")
        : String(Number(size.toPrecision(precision || 1)));
  }
}

function aligned(text: string, { fill, align, width }: Spec, sign: string): string {
  const missing = Math.max(0, width - [...text].length - sign.length);
  if (align === "=") return sign + fill.repeat(missing) + text;
  const before = align === "<" ? 0 : align === "^" ? Math.floor(missing / 2) : missing;
  return fill.repeat(before) + sign + text + fill.repeat(missing - before);
}
