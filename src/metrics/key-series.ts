// The series by key. They are built for each scrape, because a caller may see only its own key. Up to a thousand keys exist, so
// names can be labels.

import { Registry } from "prom-client";
import type { KeyUsage } from "../generation/events.ts";
import { instrumentsIn } from "./instruments.ts";

/** Totals of one key. */
export type KeyFigures = KeyUsage & { readonly name: string };

/** The Prometheus text format. */
export function keySeries(keys: readonly KeyFigures[]): Promise<string> {
  const registry = new Registry();
  const { counter } = instrumentsIn(registry);
  const requests = counter("key_requests_total");
  const tokens = counter("key_tokens_total");
  for (const { name: key, ...used } of keys) {
    requests.inc({ key }, used.requests);
    tokens.inc({ key, direction: "in" }, used.promptTokens);
    tokens.inc({ key, direction: "cached" }, used.cachedTokens);
    tokens.inc({ key, direction: "out" }, used.completionTokens);
  }
  return registry.metrics();
}
