// Many clients at once on few slots: is everybody served or refused, and what does waiting cost?

import { readFileSync } from "node:fs";
import type { Case, Target } from "../case.ts";
import { percentile } from "../stats.ts";
import { randomPrompt, streamChat } from "../stream-client.ts";

const CROWDS = [200, 1000];

export const crowd: Case = {
  name: "crowd",
  help: `${CROWDS.join(" and ")} clients at once: all served or refused, and the server's memory for each that waits`,

  async run(target, { promptWords }) {
    const figures: Record<string, number> = {};
    for (const size of CROWDS) {
      const beforeKb = residentKb(target);
      const clients = Array.from({ length: size }, () => {
        const messages = [{ role: "user", content: randomPrompt(promptWords) }];
        return streamChat({ url: target.url, model: target.model, messages, tokens: 4 });
      });
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const waitingKb = residentKb(target);
      const results = await Promise.all(clients);
      const served = results.filter((result) => result.isWhole);
      figures[`${size} clients served`] = served.length;
      figures[`${size} clients refused`] = results.filter(
        ({ status }) => status === 429 || status === 503,
      ).length;
      figures[`${size} clients TTFT p95 ms`] = percentile(
        served.map((result) => result.ttftMs),
        0.95,
      );
      if (target.pid !== null) figures[`${size} clients KB each`] = (waitingKb - beforeKb) / size;
    }
    return figures;
  },
};

/** Resident memory of the server process; 0 where the system does not tell. */
function residentKb({ pid }: Target): number {
  if (pid === null || process.platform !== "linux") return 0;
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
}
