// Writes rows as columns, for the commands that list something.

/** Would change the terminal; a name may come from a server or from a file that a server named. */
const CONTROL = /\p{Cc}/gu;

/** @param rows the first one is the head */
export function asTable(rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map((cell) => cell.replace(CONTROL, "?")));
  const widths = clean[0]?.map((_, column) =>
    Math.max(...clean.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row.map((cell, column) => cell.padEnd(widths?.[column] ?? 0)).join("  ");
  return clean.map((row) => line(row).trimEnd()).join("\n");
}
