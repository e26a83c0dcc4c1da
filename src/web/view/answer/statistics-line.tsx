// The statistics below an answer: its times, speed and token counts.

import type { ChatAnswer, MissedTokens } from "../../conversation/conversation.ts";
import { count, duration } from "../format.ts";

export function StatisticsLine({ answer: { numbers, model } }: { readonly answer: ChatAnswer }) {
  if (!numbers) return null;
  const { queueMs, firstTokenMs, totalMs, promptTokens, cachedTokens, generatedTokens } = numbers;
  const speed = tokensPerSecond(numbers);
  return (
    <dl className="numbers">
      {model !== null && <Entry name="Model" value={model} />}
      <Entry name="Queue" value={duration(queueMs)} help="Time spent waiting for a slot" />
      {firstTokenMs !== null && (
        <Entry name="TTFT" value={duration(firstTokenMs)} help="Time to first token" />
      )}
      {speed !== null && (
        <Entry
          name="Speed"
          value={`${speed} tokens/s`}
          help="Generation speed after the first token"
        />
      )}
      <Entry name="Total" value={duration(totalMs)} />
      <Entry name="In" value={count(promptTokens)} help="Prompt tokens" />
      <Entry name="Cached" value={count(cachedTokens)} help="Prompt tokens found in the cache" />
      {numbers.cacheMiss && (
        <Entry
          name="Missed"
          value={missText(numbers.cacheMiss)}
          help="Prompt tokens that the cache would have had otherwise, and why it did not"
        />
      )}
      <Entry name="Out" value={count(generatedTokens)} help="Generated tokens" />
    </dl>
  );
}

type EntryProps = { readonly name: string; readonly value: string; readonly help?: string };

function Entry({ name, value, help }: EntryProps) {
  return (
    <div title={help}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
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
function tokensPerSecond(numbers: NonNullable<ChatAnswer["numbers"]>): string | null {
  const { firstTokenMs, totalMs, generatedTokens } = numbers;
  if (firstTokenMs === null || generatedTokens < 2 || totalMs <= firstTokenMs) return null;
  const speed = ((generatedTokens - 1) * 1000) / (totalMs - firstTokenMs);
  return speed < 10 ? speed.toFixed(1) : count(Math.round(speed));
}
