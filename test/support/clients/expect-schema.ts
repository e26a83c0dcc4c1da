// Checks answers against their schemas: an unknown field is a failure.

import { expect } from "vitest";
import { z } from "zod";

export function expectHeldTo(schema: z.ZodType, answer: unknown): void {
  const { error } = schema.safeParse(answer);
  expect(error ? `${z.prettifyError(error)}\nin ${JSON.stringify(answer)}` : "").toBe("");
}

/** The path of an API, with its model and query parameters filled in. */
export function placeOf(path: string, model: string): string {
  const query = path.includes(":stream") ? "?alt=sse" : "";
  return path.replace("{model}", model) + query;
}

/** The data of every event or line of a stream; anything other than JSON is left as text. */
export async function eventsOf(response: Response): Promise<readonly unknown[]> {
  if (response.headers.get("content-type") === "application/x-ndjson") return linesOf(response);
  const lines = (await response.text()).split("\n").filter((line) => line.startsWith("data: "));
  return lines.map((line) => {
    const data = line.slice("data: ".length);
    return data.startsWith("{") ? (JSON.parse(data) as unknown) : data;
  });
}

/** The lines of a stream of JSON lines. */
export async function linesOf<T = unknown>(response: Response): Promise<readonly T[]> {
  const lines = (await response.text()).split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as T);
}
