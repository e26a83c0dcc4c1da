// What `npm run swap-rounds` found: the figures, the faults, and the panels of its chart.

import type { Line } from "../report/chart.ts";
import type { Sample } from "./memory-samples.ts";
import type { Asked } from "./swap-client.ts";

type ReportOptions = {
  readonly asked: readonly Asked[];
  readonly samples: readonly Sample[];
  readonly keys: readonly string[];
  readonly budgetBytes: number;
  readonly seconds: number;
};

type SwapReport = {
  readonly lines: readonly string[];
  readonly faults: readonly string[];
  readonly panels: readonly { readonly title: string; readonly lines: readonly Line[] }[];
};

const MOST_SHARE_ERROR = 0.1;

export function reportOf({
  asked,
  samples,
  keys,
  budgetBytes,
  seconds,
}: ReportOptions): SwapReport {
  const budgetMb = budgetBytes / 1e6;
  const tokensOf = (key: string) =>
    sum(
      asked.filter((each) => each.key === key),
      "tokens",
    );
  const mean = sum(asked, "tokens") / keys.length;
  const shares = keys.map((key) => tokensOf(key) / mean);
  const waits = asked.map(({ waitMs }) => waitMs).sort((one, other) => one - other);
  const at = (share: number) =>
    ((waits[Math.floor((waits.length - 1) * share)] ?? 0) / 1000).toFixed(1);
  const peakMb = Math.max(...samples.map(({ countedMb }) => countedMb));
  const failed = asked.flatMap(({ fault }) => fault ?? []);
  const points = (field: keyof Sample) =>
    samples.map((sample) => [sample.atSeconds, sample[field]] as const);
  return {
    lines: [
      `answers: ${asked.length}, of which wrong, cut or lost: ${failed.length}`,
      `tokens: ${sum(asked, "tokens")}, ${Math.round(sum(asked, "tokens") / seconds)} a second`,
      `shares of the keys: ${shares.map((share) => share.toFixed(3)).join(", ")}`,
      `wait for the first token: median ${at(0.5)} s, 90 % ${at(0.9)} s, 99 % ${at(0.99)} s, longest ${at(1)} s`,
      `memory: budget ${budgetMb.toFixed(0)} MB, most counted ${peakMb.toFixed(0)} MB, most private memory of the workers ${Math.max(...samples.map(({ privateMb }) => privateMb)).toFixed(0)} MB`,
    ],
    faults: [
      ...failed.slice(0, 20),
      ...shares.flatMap((share, index) =>
        Math.abs(share - 1) > MOST_SHARE_ERROR ? [`${keys[index]} had ${share} of its share`] : [],
      ),
      ...(peakMb > budgetMb ? [`the memory reached ${peakMb} MB`] : []),
    ],
    panels: [
      {
        title: "Memory (MB)",
        lines: [
          { name: "counted", color: "#06c", points: points("countedMb") },
          { name: "private", color: "#c60", points: points("privateMb") },
          {
            name: "budget",
            color: "#999",
            points: samples.map(({ atSeconds }) => [atSeconds, budgetMb]),
          },
        ],
      },
      {
        title: "Models loaded",
        lines: [{ name: "loaded", color: "#06c", points: points("loaded") }],
      },
      {
        title: "Requests waiting",
        lines: [{ name: "waiting", color: "#06c", points: points("waiting") }],
      },
      {
        title: "Wait for the first token (s)",
        lines: [
          {
            name: "wait",
            color: "#06c",
            points: asked.map(({ atSeconds, waitMs }) => [atSeconds, waitMs / 1000]),
          },
        ],
      },
    ],
  };
}

function sum(asked: readonly Asked[], field: "tokens"): number {
  return asked.reduce((total, each) => total + each[field], 0);
}
