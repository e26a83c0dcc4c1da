// A small share of `npm run cluster-rounds`: real gateways, nodes and nats-server, which fail under clients whose answers are known.

import { expect, test } from "vitest";
import { CLUSTER_FAULTS } from "../soak/cluster/cluster-faults.ts";
import { type PlayedRound, playRounds } from "../soak/cluster/play-rounds.ts";
import { NATS_SERVER } from "../support/cluster/nats-server.ts";

const FAULTS = ["a node is killed", "the gateway is killed", "NATS is restarted"];

test.skipIf(NATS_SERVER === null)(
  "no answer has a wrong, missing or repeated token, and nothing is left running, whichever part fails",
  async () => {
    const played: PlayedRound[] = [];
    const faults = await playRounds({
      ...{ rounds: FAULTS.length, clients: 8, seed: 1 },
      faults: CLUSTER_FAULTS.filter(({ name }) => FAULTS.includes(name)),
      onRound: (round) => played.push(round),
    });

    expect(faults).toEqual([]);
    expect(played.map(({ name }) => name)).toEqual(FAULTS);
    for (const { endings } of played) expect(endings.length).toBeGreaterThan(8);
  },
  120_000,
);
