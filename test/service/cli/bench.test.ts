// `sluice bench` against servers with fake engines, in this process.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { runBench } from "../../../src/cli/bench.ts";
import { type RunningService, startWithFake } from "../../support/start-service.ts";

let running: RunningService[] = [];
let printed: string[] = [];
let progress: string[] = [];
beforeEach(() => {
  [running, printed, progress] = [[], [], []];
  vi.spyOn(console, "log").mockImplementation((text) => void printed.push(text));
  vi.spyOn(console, "error").mockImplementation((text) => void progress.push(text));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(running.map((each) => each.close()));
});

async function started(...options: Parameters<typeof startWithFake>) {
  const service = await startWithFake(...options);
  running.push(service);
  return service;
}

const WRITING = { texts: ["a "], tokens: Number.POSITIVE_INFINITY };
const QUICK = ["--rounds", "1", "--streams", "2", "--tokens", "4", "--prompt", "3"];

test("prints a table of each case, and its progress on the standard error", async () => {
  const { url, engine } = await started(WRITING);
  await runBench([url, ...QUICK], {});

  const text = printed.join("\n");
  expect(text).toMatch(/\*\*latency\*\* .*127\.0\.0\.1:\d+/);
  expect(text).toMatch(/2 streams tok\/s +\| \d/);
  expect(text).not.toContain("goal");
  expect(progress[0]).toBe("warming up");
  expect(progress.at(-1)).toMatch(/^2\/2 throughput: 127/);
  expect(new Set(engine.requests.map(({ maxTokens }) => maxTokens))).toEqual(new Set([8, 4]));
});

test("with several servers shows the ratio of the first to the others; --json has every round", async () => {
  const [one, other] = [await started(WRITING), await started(WRITING)];
  const rounds = ["--case", "throughput", ...QUICK.slice(2), "--rounds", "2"];
  await runBench([one.url, other.url, ...rounds], {});
  expect(printed.join("\n")).toMatch(/\| 127\.0\.0\.1:\d+ \/ 127\.0\.0\.1:\d+ \|/);

  await runBench([one.url, other.url, ...rounds, "--json"], {});
  const { targets, cases, failures } = JSON.parse(printed.at(-1) ?? "");
  const hosts = [one, other].map(({ url }) => new URL(url).host);
  expect(targets.map(({ name }: { name: string }) => name)).toEqual(hosts);
  for (const host of hosts) expect(cases.throughput[host]["2 streams tok/s"]).toHaveLength(2);
  expect(failures).toEqual([]);
});

test("sends the key and the model that it is given", async () => {
  const { url, engine } = await started(WRITING, { apiKey: ["secret"], model: ["a=x.gguf"] });
  const once = [url, "--case", "throughput", ...QUICK];
  await expect(runBench(once, {})).rejects.toThrow("requires another API key");
  await runBench([...once, "--key", "secret"], {});
  await runBench([...once, "--model", "a"], { SLUICE_API_KEY: "secret" });

  expect(engine.requests.length).toBeGreaterThan(4);
  await expect(runBench([...once, "--model", "b", "--key", "secret"], {})).rejects.toThrow(
    "warming up failed: 2 of 2 answers are incomplete: broken with status 404",
  );
});

test.each(["{", "null"])(
  "a server whose stream is not one of chunks (%s) is a failure with its reason",
  async (data) => {
    const server = createServer((req, res) => {
      if (req.method === "GET") return void res.end('{"data":[{"id":"m"}]}');
      res.write(`data: ${data}\n\n`); // and does not end
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

    await expect(runBench([url, "--case", "throughput", ...QUICK], {})).rejects.toThrow(
      "2 of 2 answers are incomplete: broken with status 200",
    );
  },
);

test("prints the other cases when one fails, and ends with its reason", async () => {
  const { url } = await started({ ...WRITING, contextTokens: 40 });
  const cases = ["--case", "throughput,long-prompt", "--context", "40"];

  await expect(runBench([url, ...cases, ...QUICK], {})).rejects.toThrow(/^long-prompt on 127/);
  expect(printed.join("\n")).toContain("**throughput**");
});

test.each([
  [["--case", "swap"], "--case is swap: allowed are latency, throughput, arrival-rate"],
  [["--rounds", "0"], "--rounds is 0: allowed are numbers above 0"],
  [["--streams", "1.5"], "--streams is 1.5: allowed are whole numbers above 0"],
  [["--slots", "2"], "Unknown option '--slots' (see sluice bench --help)"],
  [["ftp://x"], '--url is "ftp://x": allowed is an address'],
  [["http://127.0.0.1:1"], "http://127.0.0.1:1/v1/models does not answer: "],
])("refuses %j", async (args, message) => {
  await expect(runBench(args, {})).rejects.toThrow(message);
});
