// The catalog of short names as a table, for `sluice pull --help` and `sluice list --catalog`.

import { formatBytes } from "../../models/download.ts";
import { SHORT_NAMES } from "../../models/short-names.ts";
import { asTable } from "./table.ts";

export function catalogTable(): string {
  return asTable([
    ["NAME", "SIZE", "CONTEXT", "LICENCE", "GOOD FOR"],
    ...SHORT_NAMES.map(({ name, sizeBytes, contextTokens, licence, goodFor }) => [
      name,
      formatBytes(sizeBytes),
      String(contextTokens),
      licence,
      goodFor,
    ]),
  ]);
}
