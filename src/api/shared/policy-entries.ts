// Finds the entries of a policy's tables that matter for a body.

/** Fields, or paths such as `options.mirostat`, with the values that change nothing. */
type Table = Readonly<Record<string, readonly unknown[]>>;

type PolicyEntry = {
  readonly name: string;
  readonly path: readonly string[];
  readonly harmless: readonly unknown[];
};

/** The entries of each table by the first name of their path: a body has few of them, and is parsed with every request. */
const entriesByFirstName = new WeakMap<Table, ReadonlyMap<string, readonly PolicyEntry[]>>();

/** The entries of a table that a body may have a value for. */
export function entriesFor(body: object, table: Table): readonly PolicyEntry[] {
  const entries = entriesByFirstName.get(table) ?? indexed(table);
  return Object.keys(body).flatMap((name) => entries.get(name) ?? []);
}

function indexed(table: Table): ReadonlyMap<string, readonly PolicyEntry[]> {
  const entries = new Map<string, PolicyEntry[]>();
  for (const [name, harmless] of Object.entries(table)) {
    const path = name.split(".");
    const [first = ""] = path;
    entries.set(first, [...(entries.get(first) ?? []), { name, path, harmless }]);
  }
  entriesByFirstName.set(table, entries);
  return entries;
}
