// `npm run cluster-rounds`: real gateways, nodes and a real nats-server under many clients, while each of them fails in turn.

import path from "node:path";
import { CLUSTER_FAULTS } from "./cluster/cluster-faults.ts";
import { type PlayedRound, playRounds } from "./cluster/play-rounds.ts";
import { describe, OptionError, readNumbers, seedOr } from "./options.ts";

const FLAGS = {
  rounds: { default: 60, help: "how many faults, which take turns" },
  clients: { default: 16, help: "concurrent clients, each sending one request after another" },
  seed: { default: null, help: "repeat the requests and faults of this seed (default: a new one)" },
} as const;
const HELP = `npm run cluster-rounds -- [options]

Starts nats-server, two gateways and two nodes with the built-in model. In each round, clients whose answers are known keep
them busy while one fault is inflicted and mended: a node, the gateway, NATS or everything is killed, stopped, cut off or restarted.
Every request must end with the known answer or an error that the fault explains, no token may be missing or arrive twice, and
nothing may be left running. Exits with 1 if anything is wrong.

${describe(FLAGS)}`;
const MAIN = path.join(import.meta.dirname, "../../dist/main.js");

process.once("SIGINT", () => process.exit(130)); // the cluster ends with this process
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
  console.error(`cluster-rounds: ${error.message}`);
  process.exit(1);
}

async function run(seed: number, rounds: number, clients: number): Promise<readonly string[]> {
  const played: PlayedRound[] = [];
  const startedAtMs = performance.now();
  const faults = await playRounds({
    ...{ seed, rounds, clients, faults: CLUSTER_FAULTS, main: MAIN },
    onRound: (round) => {
      played.push(round);
      console.log(`${played.length}. ${describeRound(round)}`);
    },
  });
  const endings = played.flatMap((round) => round.endings);
  const seconds = Math.round((performance.now() - startedAtMs) / 1000);
  console.log(
    `${played.length} rounds in ${seconds} s, ${endings.length} requests: ${countsOf(endings)}`,
  );
  console.log(`${faults.length} faults`);
  return faults;
}

function describeRound({ name, endings, continued, mendedMs, faults }: PlayedRound): string {
  const mended = (mendedMs / 1000).toFixed(1);
  return `${name}: ${endings.length} requests (${countsOf(endings)}), ${continued} resumable streams continued, whole after ${mended} s, ${faults.length} faults`;
}

function countsOf(endings: PlayedRound["endings"]): string {
  const outcomes = endings.map(({ outcomes: [first] }) => first ?? "left");
  return [...new Set(outcomes)]
    .sort()
    .map((each) => `${outcomes.filter((outcome) => outcome === each).length} ${each}`)
    .join(", ");
}
