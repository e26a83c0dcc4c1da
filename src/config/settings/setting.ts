// The type of a setting, and the kinds of values that several settings have.

import { z } from "zod";
import { formatTime, parseBytes, parseTime } from "./units.ts";

/** The headings of --help, in its order. */
export const GROUPS = {
  model: "Model",
  cache: "Prefix cache",
  network: "Network",
  limits: "Limits",
  keys: "Keys and access",
  streams: "Streams and stored responses",
  logs: "Logs and monitoring",
  cluster: "Cluster",
} as const;
export type SettingGroup = keyof typeof GROUPS;

export type Setting<T extends z.ZodType = z.ZodType> = {
  readonly schema: T;
  /** Stands for the value in --help; a switch has none. */
  readonly value?: string;
  /** Complete by itself: the setting above it in --help is not read first. */
  readonly help: string;
  /** The allowed values, for the error message. */
  readonly allows: string;
  /** May be given several times; the variable then holds a list. */
  readonly isList?: boolean;
  /** Between the values in the variable (default: a comma). */
  readonly separator?: string;
  /** A time: its names outside the code lack the `Ms` of the key, and a bare number is in seconds there. */
  readonly isTime?: boolean;
  /** Has a path, which is relative to the configuration file's folder if it is given there. */
  readonly isPath?: boolean;
  /** JSON Schema of the value in the configuration file (default: made from `schema`). */
  readonly json?: Readonly<Record<string, unknown>>;
  /** Errors do not show its value. */
  readonly isSecret?: boolean;
  /** Listed only by --help-all. */
  readonly isExpert?: boolean;
};

export type GroupedSetting<T extends z.ZodType = z.ZodType> = Setting<T> & {
  readonly group: SettingGroup;
};

/** The message of an issue that has no words of its own. */
const UNEXPLAINED = "Invalid input";

/** Says why a value was refused: the schema's own message, or what is allowed. */
export function problemWith({ error }: z.ZodSafeParseResult<unknown>, allows: string): string {
  const [issue] = error?.issues ?? [];
  const isExplained = issue?.code === "custom" && issue.message !== UNEXPLAINED;
  return isExplained ? issue.message : `allowed is ${allows}`;
}

/** Gives all settings of a file their group. */
export function inGroup<S extends Readonly<Record<string, Setting>>>(
  group: SettingGroup,
  settings: S,
): { readonly [K in keyof S]: GroupedSetting<S[K]["schema"]> } {
  const grouped = Object.entries(settings).map(([key, each]) => [key, { ...each, group }]);
  return Object.fromEntries(grouped);
}

export const list = z.array(z.string().trim().min(1));
const onOff = z.stringbool();
const ON_OFF_JSON = { enum: [true, false, "on", "off"] };
/** Timers of Node end at 2^31 ms. */
const MAX_MS = 2_000_000_000;
const time = parsed(parseTime).pipe(z.number().min(1).max(MAX_MS));

/** A text that `parse` can read. */
function parsed(parse: (text: string) => number | null) {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== null) return value;
    context.addIssue({ code: "custom" });
    return z.NEVER;
  });
}

type Described = { readonly help: string; readonly isExpert?: boolean };
type IntegerOptions = Described & {
  readonly min: number;
  readonly max: number;
  readonly value?: string;
  /** Added to `allows`. */
  readonly also?: string;
};

/** The help text gets the default, if there is one. */
export function integer(
  given: IntegerOptions & { readonly default: number },
): Setting<z.ZodType<number>>;
export function integer(given: IntegerOptions): Setting<z.ZodType<number | undefined>>;
export function integer({
  min,
  max,
  value = "N",
  also = "",
  help,
  isExpert = false,
  ...rest
}: IntegerOptions & { readonly default?: number }): Setting {
  const schema = z.string().trim().regex(/^\d+$/).transform(Number);
  const checked = schema.pipe(z.number().min(min).max(max));
  return {
    schema: rest.default === undefined ? checked.optional() : checked.default(rest.default),
    value,
    help: withDefault(help, rest.default),
    allows: `an integer from ${min} to ${max}${also}`,
    json: { type: "integer", minimum: min, maximum: max },
    isExpert,
  };
}

/** A size in bytes, which may have a unit. */
export function byteSize({
  help,
  min = 0,
}: Described & { readonly min?: number }): Setting<z.ZodType<number | undefined>> {
  return {
    schema: parsed(parseBytes).pipe(z.number().min(min)).optional(),
    value: "SIZE",
    help,
    allows: `a number of bytes${min > 0 ? ` from ${min}` : ""}, or a size such as 512MiB or 4GiB`,
    json: {
      type: ["integer", "string"],
      minimum: min,
      pattern: "^\\d+(\\.\\d+)? ?[KMGTkmgt]?([Ii]?[Bb])?$",
    },
  };
}

/** The key of a time limit ends in `Ms`. Its default is in seconds. */
export function timeLimit(
  given: Described & { readonly default: number },
): Setting<z.ZodType<number>>;
export function timeLimit(given: Described): Setting<z.ZodType<number | undefined>>;
export function timeLimit({
  help,
  isExpert = false,
  ...rest
}: Described & { readonly default?: number }): Setting {
  return {
    schema: rest.default === undefined ? time.optional() : time.default(rest.default * 1000),
    value: "TIME",
    help: rest.default ? `${help} (default ${formatTime(rest.default * 1000)})` : help,
    allows: `a number of seconds from 0.001 to ${MAX_MS / 1000}, or a time such as 250ms, 90s, 10m or 1.5h`,
    json: {
      type: ["number", "string"],
      minimum: 0.001,
      maximum: MAX_MS / 1000,
      pattern: "^\\d+(\\.\\d+)? ?(ms|s|m|h)?$",
    },
    isTime: true,
    isExpert,
  };
}

/** On unless it is set to off. */
export function onByDefault({ help, isExpert = false }: Described): Setting<z.ZodType<boolean>> {
  return {
    schema: onOff.default(true),
    value: "on|off",
    help: `${help} (default on)`,
    allows: "on or off",
    json: ON_OFF_JSON,
    isExpert,
  };
}

/** A flag without a value. */
export function offByDefault({ help, isExpert = false }: Described): Setting<z.ZodType<boolean>> {
  return { schema: onOff.default(false), help, allows: "on or off", json: ON_OFF_JSON, isExpert };
}

function withDefault(help: string, given: number | undefined): string {
  if (given === undefined) return help;
  const mebibytes = given / 2 ** 20;
  const isSize = given >= 2 ** 20;
  return `${help} (default ${given}${isSize ? `, ${mebibytes} MiB` : ""})`;
}
