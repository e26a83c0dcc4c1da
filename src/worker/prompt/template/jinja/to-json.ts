// The filter tojson as transformers defines it: Python's json.dumps, without escaping for HTML.
// https://github.com/huggingface/transformers/blob/main/src/transformers/utils/chat_template_utils.py

import {
  entriesIn,
  isList,
  isText,
  itemsIn,
  nameOf,
  textOf,
  type Value,
  valueFrom,
} from "./values.ts";

type ToJsonOptions = {
  /** Spaces or text for each level; null for one line. */
  readonly indent: string | null;
  readonly ensureAscii: boolean;
  readonly sortKeys: boolean;
  readonly separators: readonly [item: string, key: string];
};

/** @param kwargs the filter's arguments by name. @throws Error for a value that JSON has no form for */
export function toJson(value: Value, kwargs: ReadonlyMap<string, Value>): string {
  return write(value, optionsOf(kwargs), "");
}

function optionsOf(kwargs: ReadonlyMap<string, Value>): ToJsonOptions {
  const isOn = (name: string) => kwargs.get(name)?.value === true;
  const given = kwargs.get("indent")?.value ?? null;
  const indent = given === null ? null : typeof given === "number" ? " ".repeat(given) : `${given}`;
  const own = kwargs.get("separators");
  const [item = "", key = ""] = own && isList(own) ? itemsIn(own).map(textOf) : [];
  const separators = own && isList(own) ? ([item, key] as const) : usualSeparators(indent);
  return { indent, ensureAscii: isOn("ensure_ascii"), sortKeys: isOn("sort_keys"), separators };
}

function usualSeparators(indent: string | null): readonly [string, string] {
  return indent === null ? [", ", ": "] : [",", ": "];
}

function write(value: Value, options: ToJsonOptions, margin: string): string {
  const { indent, separators } = options;
  const inner = margin + (indent ?? "");
  const enclosed = (open: string, members: readonly string[], close: string) => {
    if (members.length === 0) return open + close;
    if (indent === null) return open + members.join(separators[0]) + close;
    return `${open}\n${inner}${members.join(`${separators[0]}\n${inner}`)}\n${margin}${close}`;
  };
  switch (value.type) {
    case "StringValue":
      return writeText(textOf(value), options);
    case "FloatValue":
      return Number.isInteger(value.value) ? `${value.value}.0` : `${value.value}`;
    case "IntegerValue":
    case "BooleanValue":
      return JSON.stringify(value.value);
    case "NullValue":
      return "null"; // the package gives it no value
    case "ArrayValue":
    case "TupleValue":
      return enclosed(
        "[",
        itemsIn(value).map((item) => write(item, options, inner)),
        "]",
      );
    case "ObjectValue": {
      const entries = [...entriesIn(value)];
      if (options.sortKeys) entries.sort(([a], [b]) => (`${a}` < `${b}` ? -1 : 1));
      const members = entries.map(([key, member]) => {
        const name = isText(valueFrom(key)) ? `${key}` : write(valueFrom(key), options, "");
        return writeText(name, options) + separators[1] + write(member, options, inner);
      });
      return enclosed("{", members, "}");
    }
    default:
      throw new Error(`Object of type ${nameOf(value)} is not JSON serializable`);
  }
}

function writeText(text: string, { ensureAscii }: ToJsonOptions): string {
  const json = JSON.stringify(text);
  if (!ensureAscii) return json;
  // Not the characters of a fence, which must stay whole: see prompt-fence.ts.
  return json.replace(
    /[\x7f-\udfff\ue006-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
