// Formats results as Markdown.

import { type Goals, table } from "../../src/bench/tables.ts";
import { CASES } from "../cases.ts";
import type { Results } from "./results.ts";

/** One table per case. */
export function toMarkdown(results: Results): string {
  const { machine, model, rounds, commit, date, failures = [] } = results;
  const head =
    `${model.name} (${(model.bytes / 1e6).toFixed(0)} MB), ${machine.cores} x ${machine.cpu}, Node ${machine.node}, ` +
    `commit ${commit}, ${date.slice(0, 10)}; ${rounds === 1 ? "1 round" : `medians of ${rounds} rounds [least - most]`}`;
  const tables = Object.entries(results.cases).map(([name, columns]) =>
    table(name, columns, goalsOf(name)),
  );
  const missing = failures.map((failure) => `- without figures: ${failure}`).join("\n");
  return [head, ...tables, ...(missing ? [missing] : [])].join("\n\n");
}

/** A table name may contain more than the case name: `crowd, sluice` in a comparison. */
function goalsOf(name: string): Goals {
  return CASES.find((each) => each.name === name.split(",")[0])?.goals ?? {};
}

/** Compares two runs: the same tables, with the two files as columns. */
export function compare(before: Results, after: Results): string {
  const cases: Results["cases"] = {};
  for (const [name, columns] of Object.entries(after.cases)) {
    for (const [column, figures] of Object.entries(columns)) {
      const earlier = before.cases[name]?.[column];
      if (earlier) cases[`${name}, ${column}`] = { after: figures, before: earlier };
    }
  }
  const commit = `${after.commit} after ${before.commit}`;
  return toMarkdown({ ...after, commit, cases, failures: [] });
}
