// `npm run crash-rounds`: kills the worker repeatedly under many clients, which should notice nothing but a pause.

import { growthOf } from "../fuzz/memory.ts";
import { killAtRandom } from "./killer.ts";
import { Random } from "./kinds/random.ts";
import { RESILIENT_KINDS } from "./kinds/resilient-kinds.ts";
import type { Ending } from "./kinds/soak-client.ts";
import { Traffic } from "./kinds/traffic.ts";
import { describe } from "./options.ts";
import { faultsAtEnd } from "./report/final-check.ts";
import type { Kill } from "./report/ledger.ts";
import { waitForIdle } from "./report/wait-for-idle.ts";
import { runRounds } from "./run-rounds.ts";
import { collectGarbage, resourceUseOf, startServer } from "./server.ts";

const FLAGS = {
  rounds: { default: 200, help: "how many times to kill the worker" },
  clients: { default: 16, help: "concurrent clients, each sending one request after another" },
  seed: {
    default: null,
    help: "repeat the requests and kills of this seed (default: a new seed each time)",
  },
} as const;
const HELP = `npm run crash-rounds -- [options]

Starts the built server with the built-in model. Clients of all kinds keep it busy while its worker dies at random
times: killed, with a segmentation fault, hung, or out of memory. Every answer with a known text must have that text,
every other answer its length. Exits with 1 if anything is wrong or left over.

${describe(FLAGS)}`;

/** The --hang-timeout is short enough to detect a stopped worker, but long enough for a busy machine. */
const SERVER_FLAGS = ["--hang-timeout", "1.5", "--restart-delay", "0.1", "--resume-grace", "5"];
/** Growth per round, in MB, that is more than noise. */
const MOST_GROWTH_MB = 0.3;
const REPORT_EVERY_KILLS = 10;
const MOST_SHOWN = 50;
/**
 * The first rounds use kills that the server can attribute to the outside. While workers do not die otherwise, the server
 * blames a fault on the request that was alone in the worker; after these kills it does not.
 */
const KNOWN_ROUNDS = 4;

await runRounds({ name: "crash-rounds", flags: FLAGS, help: HELP, run, mostShown: MOST_SHOWN });

type Numbers = Readonly<Record<keyof typeof FLAGS, number>>;

async function run({ seed, rounds, clients }: Numbers): Promise<readonly string[]> {
  const startedAtMs = performance.now();
  const server = await startServer(SERVER_FLAGS);
  const { url, pid } = server;
  const random = new Random(seed);
  const before = resourceUseOf(pid);
  const refusals = ["worker_crashed"];
  const traffic = new Traffic({ url, seed, clients, kinds: RESILIENT_KINDS, keys: [], refusals });
  traffic.begin();
  const kills: Kill[] = [];
  const memory: number[] = [];
  while (kills.length < rounds) {
    const isKnown = kills.length < KNOWN_ROUNDS && rounds > KNOWN_ROUNDS;
    const kill = await killAtRandom(server, random, isKnown ? ["SIGKILL"] : undefined);
    if (kill === null) break;
    kills.push(kill);
    collectGarbage(pid);
    memory.push(resourceUseOf(pid).serverMb);
    if (kills.length % REPORT_EVERY_KILLS === 0) console.log(progressOf(kills, traffic, memory));
  }
  await traffic.end();
  const leftovers = await waitForIdle(server);
  const endState = { endings: traffic.endings, kills, before };
  const faults = [
    ...leftovers,
    ...(await faultsAtEnd(server, endState)),
    ...faultsOfGrowth(memory),
  ];
  const seconds = Math.round((performance.now() - startedAtMs) / 1000);
  console.log(summaryOf({ traffic, kills, seconds, faults }));
  return faults;
}

type Played = { readonly traffic: Traffic; readonly kills: readonly Kill[] };

function faultsOfGrowth(memory: readonly number[]): readonly string[] {
  const growth = growthOf(memory) ?? 0;
  return growth > MOST_GROWTH_MB ? [`memory grows by ${growth.toFixed(2)} MB per round`] : [];
}

function progressOf(
  kills: readonly Kill[],
  { endings }: Traffic,
  memory: readonly number[],
): string {
  return `${kills.length} kills, ${endings.length} requests, ${refusedIn(endings)} refused, server ${memory.at(-1)?.toFixed(0)} MB`;
}

function refusedIn(endings: readonly Ending[]): number {
  return endings.filter(({ outcomes }) => outcomes[0] === "worker_crashed").length;
}

function summaryOf({
  traffic: { endings },
  kills,
  seconds,
  faults,
}: Played & { readonly seconds: number; readonly faults: readonly string[] }): string {
  const refused = refusedIn(endings);
  const withoutText = refusedIn(endings.filter(({ hasText }) => !hasText));
  const counts = (values: readonly string[]) =>
    [...new Set(values)]
      .sort()
      .map((value) => `${values.filter((each) => each === value).length} ${value}`);
  return [
    `${kills.length} kills (${counts(kills.map(({ way }) => way)).join(", ")}) in ${seconds} s`,
    `${endings.length} requests: ${counts(endings.map(({ outcomes }) => outcomes[0] ?? "broken")).join(", ")}`,
    `${refused} refused with worker_crashed, ${withoutText} of them before any text`,
    `${faults.length} faults`,
  ].join("\n");
}
