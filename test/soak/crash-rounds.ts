// `npm run crash-rounds`: the worker dies again and again under many clients, and none of them is to notice more than a pause.

import { growthOf } from "../fuzz/memory.ts";
import { killAtRandom } from "./killer.ts";
import { STURDY_KINDS } from "./kinds/kinds.ts";
import type { Ending } from "./kinds/player.ts";
import { Random } from "./kinds/random.ts";
import { Traffic } from "./kinds/traffic.ts";
import { describe, OptionError, readNumbers, seedOr } from "./options.ts";
import { faultsAtEnd } from "./report/at-end.ts";
import type { Kill } from "./report/ledger.ts";
import { settled } from "./report/settled.ts";
import { collectGarbage, holdingsOf, startServer } from "./server.ts";

const FLAGS = {
  rounds: { default: 200, help: "the worker dies so many times" },
  clients: { default: 16, help: "at once, each with one request after the other" },
  seed: {
    default: null,
    help: "the same requests and ways again (default: another one each time)",
  },
} as const;
const HELP = `npm run crash-rounds -- [options]

Starts the built server with the built-in model. Clients of all kinds keep it busy while its worker dies at random
moments: killed, by a fault, hung, without memory. Every answer whose text is known has to have that text, every other its
length; who has been told nothing loses nothing. Exits with 1 where anything does not fit, or is left.

${describe(FLAGS)}`;

/** Of --hang-timeout: a worker that is stopped is missed after this, and a loaded machine is not taken for one. */
const SERVER_FLAGS = ["--hang-timeout", "1.5", "--restart-delay", "0.1", "--resume-grace", "5"];
/** MB in each round that are no noise. */
const MOST_GROWTH_MB = 0.3;
const TOLD_EVERY = 10;
/**
 * So many rounds begin with a kill that the server knows to come from outside. Where workers do not die anyway, one that
 * faults is held against the request that was alone in it; afterwards it is known that they do.
 */
const KNOWN_ROUNDS = 4;

process.once("SIGINT", () => process.exit(130)); // the server ends with this process
try {
  const numbers = readNumbers(process.argv.slice(2), FLAGS);
  if (numbers === null) console.log(HELP);
  else {
    const seed = seedOr(numbers.seed);
    console.log(`seed ${seed}`);
    const faults = await run(seed, numbers.rounds ?? 0, numbers.clients ?? 0);
    for (const fault of faults.slice(0, 50)) console.log(`- ${fault}`);
    process.exit(faults.length > 0 ? 1 : 0);
  }
} catch (error) {
  if (!(error instanceof OptionError)) throw error;
  console.error(`crash-rounds: ${error.message}`);
  process.exit(1);
}

async function run(seed: number, rounds: number, clients: number): Promise<readonly string[]> {
  const startedAtMs = performance.now();
  const server = await startServer(SERVER_FLAGS);
  const { url, pid } = server;
  const random = new Random(seed);
  const before = holdingsOf(pid);
  const refusals = ["worker_crashed"];
  const traffic = new Traffic({ url, seed, clients, kinds: STURDY_KINDS, keys: [], refusals });
  traffic.begin();
  const kills: Kill[] = [];
  const memory: number[] = [];
  while (kills.length < rounds) {
    const isKnown = kills.length < KNOWN_ROUNDS && rounds > KNOWN_ROUNDS;
    const kill = await killAtRandom(server, random, isKnown ? ["SIGKILL"] : undefined);
    if (kill === null) break;
    kills.push(kill);
    collectGarbage(pid);
    memory.push(holdingsOf(pid).serverMb);
    if (kills.length % TOLD_EVERY === 0) console.log(progressOf(kills, traffic, memory));
  }
  await traffic.end();
  const left = await settled(server);
  const books = { endings: traffic.endings, kills, before };
  const faults = [...left, ...(await faultsAtEnd(server, books)), ...faultsOfGrowth(memory)];
  const seconds = Math.round((performance.now() - startedAtMs) / 1000);
  console.log(summaryOf({ traffic, kills, seconds, faults }));
  return faults;
}

type Played = { readonly traffic: Traffic; readonly kills: readonly Kill[] };

function faultsOfGrowth(memory: readonly number[]): readonly string[] {
  const growth = growthOf(memory) ?? 0;
  return growth > MOST_GROWTH_MB ? [`memory grows by ${growth.toFixed(2)} MB a round`] : [];
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
  const untold = refusedIn(endings.filter(({ hasText }) => !hasText));
  const counts = (values: readonly string[]) =>
    [...new Set(values)]
      .sort()
      .map((value) => `${values.filter((each) => each === value).length} ${value}`);
  return [
    `${kills.length} kills (${counts(kills.map(({ way }) => way)).join(", ")}) in ${seconds} s`,
    `${endings.length} requests: ${counts(endings.map(({ outcomes }) => outcomes[0] ?? "broken")).join(", ")}`,
    `${refused} refused with worker_crashed after deaths alone, ${untold} of them without a text`,
    `${faults.length} faults`,
  ].join("\n");
}
