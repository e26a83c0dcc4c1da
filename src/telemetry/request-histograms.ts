// The metrics of a model server by the semantic conventions for generative AI, with the buckets that they recommend.

import type { Meter } from "@opentelemetry/api";
import type { EndedRequest } from "../journal/journal.ts";
import type { Attributes } from "./request-facts.ts";

const DURATION_SECONDS = [
  ...[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
];
const FIRST_TOKEN_SECONDS = [
  ...[0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
];
const PER_TOKEN_SECONDS = [
  ...[0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5],
];

/** @returns a function that records a request */
export function requestHistograms(meter: Meter) {
  const histogram = (name: string, description: string, explicitBucketBoundaries: number[]) =>
    meter.createHistogram(name, { description, unit: "s", advice: { explicitBucketBoundaries } });
  const duration = histogram(
    "gen_ai.server.request.duration",
    "From the arrival of a request to its end",
    DURATION_SECONDS,
  );
  const firstToken = histogram(
    "gen_ai.server.time_to_first_token",
    "From the arrival of a complete answer's request to its first token",
    FIRST_TOKEN_SECONDS,
  );
  const perToken = histogram(
    "gen_ai.server.time_per_output_token",
    "Time between the tokens of a complete answer, the mean",
    PER_TOKEN_SECONDS,
  );
  return ({ work, failure }: EndedRequest, attributes: Attributes): void => {
    if (!work) return;
    const totalMs = work.type === "answer" ? work.receipt.totalMs : work.totalMs;
    duration.record(totalMs / 1000, attributes);
    if (failure || work.type !== "answer") return;
    const { receipt, interTokenMs } = work;
    if (receipt.firstTokenMs !== null) firstToken.record(receipt.firstTokenMs / 1000, attributes);
    if (interTokenMs !== null) perToken.record(interTokenMs / 1000, attributes);
  };
}
