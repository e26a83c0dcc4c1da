// The names of metrics in PromQL, from the table of metrics: a metric or a label that was renamed does not compile. Pure.

import {
  METRIC_PREFIX,
  METRICS,
  type MetricLabel,
  type MetricName,
  type NameOf,
} from "../../src/metrics/metric-table.ts";

/** Metrics of the Node process, which prom-client names. */
type ProcessMetric =
  | "nodejs_eventloop_lag_p99_seconds"
  | "nodejs_heap_size_used_bytes"
  | "nodejs_external_memory_bytes"
  | "process_cpu_seconds_total"
  | "process_resident_memory_bytes"
  | "process_open_fds"
  | "process_start_time_seconds";

/** A value, or `~` and a regular expression that it must match. */
type Selected<Name extends MetricName> = { readonly [L in MetricLabel<Name>]?: string };

/** @param extra further matchers, such as `instance=~"a"` */
export function series<Name extends NameOf<"counter" | "gauge">>(
  name: Name,
  selected: Selected<Name> = {},
  extra: readonly string[] = [],
): string {
  return withMatchers(METRIC_PREFIX + name, selected, extra);
}

export function processSeries(name: ProcessMetric, extra: readonly string[] = []): string {
  return withMatchers(METRIC_PREFIX + name, {}, extra);
}

/** @param field which of its series */
export function histogramSeries(
  name: NameOf<"histogram">,
  field: "bucket" | "sum" | "count",
  extra: readonly string[] = [],
): string {
  return withMatchers(`${METRIC_PREFIX}${name}_${field}`, {}, extra);
}

export function hasLabel(name: MetricName, label: string): boolean {
  const labels: readonly string[] = METRICS[name].labels;
  return labels.includes(label);
}

function withMatchers(name: string, selected: object, extra: readonly string[]): string {
  const own = Object.entries(selected).map(([label, value]: [string, string]) =>
    value.startsWith("~") ? `${label}=~"${value.slice(1)}"` : `${label}="${value}"`,
  );
  const matchers = [...own, ...extra];
  return matchers.length > 0 ? `${name}{${matchers.join(",")}}` : name;
}
