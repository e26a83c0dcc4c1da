// What a setting is, and the kinds of values that several of them have.

import { z } from "zod";

export type Setting<T extends z.ZodType = z.ZodType> = {
  readonly schema: T;
  /** Stands for the value in --help; a switch has none. */
  readonly value?: string;
  readonly help: string;
  /** What is allowed, for the error message. */
  readonly allows: string;
  /** May be given several times; the variable then holds a comma-separated list. */
  readonly isList?: boolean;
};

export const count = (min: number, max: number) =>
  z.string().trim().regex(/^\d+$/).transform(Number).pipe(z.number().min(min).max(max));
/** Settings are seconds, the code counts milliseconds. Timers of Node end at 2^31 ms. */
export const seconds = z
  .string()
  .trim()
  .regex(/^\d+(\.\d+)?$/)
  .transform((text) => Math.round(Number(text) * 1000))
  .pipe(z.number().min(1).max(2_000_000_000));
export const SECONDS_ALLOWED = "a number of seconds from 0.001 to 2000000";
export const list = z.array(z.string().trim().min(1));
export const flag = z.stringbool();

export function setting<T extends z.ZodType>(given: Setting<T>): Setting<T> {
  return given;
}

export function timeLimit(defaultSeconds: number, help: string) {
  return setting({
    schema: seconds.default(defaultSeconds * 1000),
    value: "SECONDS",
    help: `${help} (default ${defaultSeconds})`,
    allows: SECONDS_ALLOWED,
  });
}
