// Sends costly requests one at a time. Each answer must follow the rules, and GET /health must stay fast meanwhile.

import fc from "fast-check";
import { HealthWatch } from "../health-watch.ts";
import { ask, type Job, type Round } from "../job.ts";
import { curlOf } from "../reproduction.ts";
import { costlyRecipe, costlyRequestOf } from "./costly-requests.ts";

/** A longer silence counts only if it occurs in every one of several attempts, because the machine may be busy. */
const MOST_SILENCE_MS = 500;
const ATTEMPTS = 4;

export function costlyJobs({ url, seed, onAnswer }: Round, count: number): Job[] {
  let before: Promise<unknown> = Promise.resolve();
  return fc.sample(costlyRecipe(), { seed, numRuns: count }).map((recipe) => ({
    part: "bodies",
    run: (connection) => {
      const turn = before.then(() => findingOf());
      before = turn.catch(() => {});
      return turn;

      async function findingOf() {
        const request = costlyRequestOf(recipe);
        const where = `costly ${request.target}`;
        const watch = new HealthWatch(url);
        try {
          let silenceMs = 0;
          for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
            await watch.longestMs();
            const { faults, status, ms } = await ask(connection, request);
            silenceMs = await watch.longestMs();
            if (status !== null) onAnswer({ status, ms, command: () => curlOf(request, url) });
            if (faults.length > 0)
              return { where, faults, reproduce: async () => curlOf(request, url) };
            if (silenceMs <= MOST_SILENCE_MS) return null;
          }
          const faults = [`GET /health took ${silenceMs.toFixed(0)} ms at the same time`];
          return { where, faults, reproduce: async () => JSON.stringify(recipe) };
        } finally {
          await watch.close();
        }
      }
    },
  }));
}
