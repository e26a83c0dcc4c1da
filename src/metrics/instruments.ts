// Makes the instruments of prom-client from the table of metrics.

import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { METRIC_PREFIX, METRICS, type MetricLabel, type NameOf } from "./metric-table.ts";

/** @returns functions that make an instrument and add it to the registry */
export function instrumentsIn(registry: Registry) {
  const described = <Name extends keyof typeof METRICS>(name: Name) => ({
    name: METRIC_PREFIX + name,
    help: METRICS[name].help,
    labelNames: METRICS[name].labels as readonly MetricLabel<Name>[], // a union of tuples otherwise
    registers: [registry],
  });
  return {
    counter: <Name extends NameOf<"counter">>(name: Name) => new Counter(described(name)),
    gauge: <Name extends NameOf<"gauge">>(name: Name) => new Gauge(described(name)),
    histogram: <Name extends NameOf<"histogram">>(name: Name) =>
      new Histogram({ ...described(name), buckets: [...METRICS[name].buckets] }),
  };
}
