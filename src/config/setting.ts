// The type of a setting, and the kinds of values that several settings have.

import { z } from "zod";

/** The headings of --help, in its order. */
export const GROUPS = {
  model: "Model",
  cache: "Prefix cache",
  network: "Network",
  limits: "Limits",
  keys: "Keys and access",
  streams: "Streams and stored responses",
  logs: "Logs",
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
  /** May be given several times; the variable then holds a comma-separated list. */
  readonly isList?: boolean;
  /** The flag and the variable are in seconds and without the `Ms` of the key; the code has milliseconds. */
  readonly isInSeconds?: boolean;
  /** Listed only by --help-all. */
  readonly isExpert?: boolean;
};

export type GroupedSetting<T extends z.ZodType = z.ZodType> = Setting<T> & {
  readonly group: SettingGroup;
};

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
/** Timers of Node end at 2^31 ms. */
const seconds = z
  .string()
  .trim()
  .regex(/^\d+(\.\d+)?$/)
  .transform((text) => Math.round(Number(text) * 1000))
  .pipe(z.number().min(1).max(2_000_000_000));

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
    isExpert,
  };
}

const UNITS = ["", "K", "M", "G", "T"];

/** `4GiB`, `4GB`, `4G` and 4294967296 are the same. @returns null for anything else */
export function parseBytes(text: string): number | null {
  const [, digits, unit] = /^(\d+(?:\.\d+)?) ?([KMGT]?)(?:i?B)?$/i.exec(text.trim()) ?? [];
  if (digits === undefined || unit === undefined) return null;
  const bytes = Math.floor(Number(digits) * 1024 ** UNITS.indexOf(unit.toUpperCase()));
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** A size in bytes, which may have a unit. */
export function byteSize({ help }: Described): Setting<z.ZodType<number | undefined>> {
  const schema = z.string().transform((text, context) => {
    const bytes = parseBytes(text);
    if (bytes !== null) return bytes;
    context.addIssue({ code: "custom" });
    return z.NEVER;
  });
  return {
    schema: schema.optional(),
    value: "SIZE",
    help,
    allows: "a number of bytes, or a size such as 512MiB or 4GiB",
  };
}

/** The key of a time limit ends in `Ms`. */
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
    schema: rest.default === undefined ? seconds.optional() : seconds.default(rest.default * 1000),
    value: "SECONDS",
    help: withDefault(help, rest.default),
    allows: "a number of seconds from 0.001 to 2000000",
    isInSeconds: true,
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
    isExpert,
  };
}

/** A flag without a value. */
export function offByDefault({ help, isExpert = false }: Described): Setting<z.ZodType<boolean>> {
  return { schema: onOff.default(false), help, allows: "on or off", isExpert };
}

function withDefault(help: string, given: number | undefined): string {
  if (given === undefined) return help;
  const mebibytes = given / 2 ** 20;
  const isSize = given >= 2 ** 20;
  return `${help} (default ${given}${isSize ? `, ${mebibytes} MiB` : ""})`;
}
