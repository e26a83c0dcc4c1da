// `npm run cluster-rounds`: real gateways, nodes and a real nats-server under many clients, while each of them fails in turn.

import path from "node:path";
import { CLUSTER_FAULTS } from "./cluster/cluster-faults.ts";
import { type PlayedRound, playRounds } from "./cluster/play-rounds.ts";
import { describe } from "./options.ts";
import { runRounds } from "./run-rounds.ts";

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
const MOST_SHOWN = 50;
const MAIN = path.join(import.meta.dirname, "../../dist/main.js");

await runRounds({ name: "cluster-rounds", flags: FLAGS, help: HELP, run, mostShown: MOST_SHOWN });

type Numbers = Readonly<Record<keyof typeof FLAGS, number>>;

async function run({ seed, rounds, clients }: Numbers): Promise<readonly string[]> {
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
