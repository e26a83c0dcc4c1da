// The statistics below an answer: time to first token and speed on one line, which opens the rest.

import type {
  AnswerStatistics,
  ChatAnswer,
  MissedTokens,
} from "../../conversation/conversation.ts";
import { count, duration } from "../format.ts";

export function StatisticsLine({ answer: { numbers, model } }: { readonly answer: ChatAnswer }) {
  if (!numbers) return null;
  const { firstTokenMs, totalMs } = numbers;
  const speed = tokensPerSecond(numbers);
  return (
    <details className="statistics">
      <summary title="Time to first token, and speed after it. Opens all statistics.">
        <span className="visually-hidden">Statistics: </span>
        {firstTokenMs === null ? `Total ${duration(totalMs)}` : `TTFT ${duration(firstTokenMs)}`}
        {speed !== null && ` · ${speed} tokens/s`}
      </summary>
      <dl className="numbers">
        {entriesOf(numbers, model).map(({ name, value, help }) => (
          <div key={name} title={help}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

type Entry = { readonly name: string; readonly value: string; readonly help?: string };

function entriesOf(numbers: AnswerStatistics, model: string | null): readonly Entry[] {
  const { queueMs, totalMs, promptTokens, cachedTokens, generatedTokens, cacheMiss } = numbers;
  const named = model === null ? [] : [{ name: "Model", value: model }];
  const missHelp = "Prompt tokens that the cache would have had otherwise, and why it did not";
  const missed = cacheMiss ? [{ name: "Missed", value: missText(cacheMiss), help: missHelp }] : [];
  return [
    ...named,
    { name: "Queue", value: duration(queueMs), help: "Time spent waiting for a slot" },
    { name: "In", value: count(promptTokens), help: "Prompt tokens" },
    { name: "Cached", value: count(cachedTokens), help: "Prompt tokens found in the cache" },
    ...missed,
    { name: "Out", value: count(generatedTokens), help: "Generated tokens" },
    { name: "Total", value: duration(totalMs), help: "From the request to the end" },
  ];
}

const CAUSES: Readonly<Record<string, string>> = {
  system: "the system prompt changed",
  tools: "the tools changed",
  template: "the template renders it differently",
  model: "another model had read it",
  evicted: "no longer cached",
};

function missText({ tokens, cause, message }: MissedTokens): string {
  const text = message === null ? (CAUSES[cause] ?? cause) : `message ${message + 1} changed`;
  return `${count(tokens)} (${text})`;
}

/** Speed after the first token; null if there are too few tokens to measure it. */
function tokensPerSecond(numbers: AnswerStatistics): string | null {
  const { firstTokenMs, totalMs, generatedTokens } = numbers;
  if (firstTokenMs === null || generatedTokens < 2 || totalMs <= firstTokenMs) return null;
  const speed = ((generatedTokens - 1) * 1000) / (totalMs - firstTokenMs);
  return speed < 10 ? speed.toFixed(1) : count(Math.round(speed));
}
