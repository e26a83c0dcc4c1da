// Reads message, code and field of an error in any API's envelope.

export type ErrorDetails = { readonly code: string; readonly param: string | null };

/** Our code and the field of an error in any envelope. */
export function errorDetailsOf(answer: unknown): ErrorDetails {
  const { error, ...beside } = answer as { readonly error: Envelope | string };
  if (typeof error === "string") return beside as ErrorDetails; // Ollama's
  if (!Array.isArray(error.details)) return error;
  const details = error.details as readonly Detail[];
  const [reason = ""] = details.flatMap((detail) => detail.reason ?? []);
  const [violation] = details.flatMap(({ fieldViolations }) => fieldViolations ?? []);
  return { code: reason.toLowerCase(), param: violation?.field ?? null };
}

type Envelope = ErrorDetails & { readonly details?: unknown };

/** Google's envelope. */
type Detail = {
  readonly reason?: string;
  readonly fieldViolations?: readonly { readonly field: string }[];
};
