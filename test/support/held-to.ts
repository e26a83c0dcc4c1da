// Answers against their schemas: a field that the schema does not know is a failure.

import { expect } from "vitest";
import { z } from "zod";

/** @returns what is wrong with it, in words; empty when nothing is */
export function wrongWith(schema: z.ZodType, answer: unknown): string {
  const { error } = schema.safeParse(answer);
  return error ? `${z.prettifyError(error)}\nin ${JSON.stringify(answer)}` : "";
}

export function expectHeldTo(schema: z.ZodType, answer: unknown): void {
  expect(wrongWith(schema, answer)).toBe("");
}

/** The data of every event of a stream; those that are no JSON are left as text. */
export async function eventsOf(response: Response): Promise<readonly unknown[]> {
  const lines = (await response.text()).split("\n").filter((line) => line.startsWith("data: "));
  return lines.map((line) => {
    const data = line.slice("data: ".length);
    return data.startsWith("{") ? (JSON.parse(data) as unknown) : data;
  });
}
