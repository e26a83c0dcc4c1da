// --metric-alias OURS=THEIRS: a gauge under a second name, for programs that look for a fixed one. Pure.

import { suggestionFor } from "../closest-name.ts";
import { GAUGE_NAMES, METRIC_PREFIX } from "./metric-table.ts";

/** https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels */
const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** Both names are complete. */
type MetricAlias = { readonly ours: string; readonly theirs: string };

/** @returns why these texts are no aliases; null if they are */
export function metricAliasProblem(texts: readonly string[]): string | null {
  const problem = texts.map(problemOf).find((each) => each !== null);
  if (problem !== undefined) return problem;
  const names = texts.map((text) => aliasOf(text).theirs);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? null : `two gauges would have the name ${JSON.stringify(twice)}`;
}

function problemOf(text: string): string | null {
  const { ours, theirs } = aliasOf(text);
  if (!GAUGE_NAMES.includes(ours))
    return `${JSON.stringify(ours)} is no gauge of this server${suggestionFor(ours, GAUGE_NAMES)}; allowed is OURS=THEIRS`;
  if (!METRIC_NAME.test(theirs))
    return `${JSON.stringify(theirs)} is no name of a metric; allowed are letters, digits, _ and :, and no digit at its beginning`;
  if (theirs.startsWith(METRIC_PREFIX))
    return `${JSON.stringify(theirs)} begins with ${METRIC_PREFIX}, as the server's own names do; pick another name`;
  return null;
}

/** @param text OURS=THEIRS */
function aliasOf(text: string): MetricAlias {
  const [ours = "", ...theirs] = text.split("=");
  return { ours: ours.trim(), theirs: theirs.join("=").trim() };
}

/** @param scrape the Prometheus text format. @param aliases texts without a problem. @returns the lines of those gauges, renamed */
export function aliasLines(scrape: string, aliases: readonly string[]): string {
  const lines = scrape.split("\n");
  const given = aliases.map(aliasOf);
  return given.flatMap((alias) => lines.flatMap((line) => renamed(line, alias))).join("\n");
}

function renamed(line: string, { ours, theirs }: MetricAlias): readonly string[] {
  const [, before = "", name = "", after = ""] =
    /^((?:# (?:HELP|TYPE) )?)([^\s{]+)(.*)$/.exec(line) ?? [];
  return name === ours ? [before + theirs + after] : [];
}
