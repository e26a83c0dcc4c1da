// How much memory plain data takes, about.

/** Of a number, and of a reference to anything else. */
const VALUE_BYTES = 8;

/** In bytes. A text counts one for each character. */
export function dataBytes(value: unknown): number {
  if (typeof value === "string") return VALUE_BYTES + value.length;
  if (typeof value !== "object" || value === null) return VALUE_BYTES;
  if (ArrayBuffer.isView(value)) return VALUE_BYTES + value.byteLength;
  let bytes = VALUE_BYTES;
  for (const member of Object.values(value)) bytes += VALUE_BYTES + dataBytes(member);
  return bytes;
}
