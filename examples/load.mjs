// Load test: autocannon sends requests over 8 connections for 5 seconds. Latencies come from the server's metrics.
// Run: node examples/load.mjs
import assert from "node:assert/strict";
import autocannon from "autocannon";

const url = process.env.SLUICE_URL ?? "http://127.0.0.1:8080";
const authorization = `Bearer ${process.env.SLUICE_API_KEY ?? "none"}`;

const before = await histograms();
const result = await autocannon({
  url: `${url}/v1/chat/completions`,
  connections: 8,
  duration: 5,
  method: "POST",
  headers: { "content-type": "application/json", authorization },
  body: JSON.stringify({
    messages: [{ role: "user", content: "What is streaming?" }],
    max_tokens: 40,
    temperature: 0,
    stream: true,
  }),
});
const after = await histograms();

// autocannon counts a whole stream as one request, so its latency is the time to the last byte.
console.log(`${result["2xx"]} streams, ${result.non2xx} refused, ${result.errors} errors`);
console.log(
  `whole stream, 50th and 99th percentile: ${result.latency.p50} and ${result.latency.p99} ms`,
);
console.log(`time to first token, mean: ${meanMs("sluice_ttft_seconds")} ms`);
console.log(`time between tokens, mean: ${meanMs("sluice_itl_seconds")} ms`);
assert(result["2xx"] > 0 && result.non2xx === 0 && result.errors === 0);

/** Mean of the observations between `before` and `after`. */
function meanMs(name) {
  const grown = (field) => after(`${name}_${field}`) - before(`${name}_${field}`);
  return (1000 * (grown("sum") / grown("count"))).toFixed(1);
}

/** @returns a function that looks up a value of /metrics by name: the sum over all models */
async function histograms() {
  const response = await fetch(`${url}/metrics`, { headers: { authorization } });
  const series = [...(await response.text()).matchAll(/^(\w+)(?:\{.*\})? (\S+)$/gm)];
  const values = (name) => series.filter(([, each]) => each === name);
  return (name) => values(name).reduce((sum, [, , value]) => sum + Number(value), 0);
}
