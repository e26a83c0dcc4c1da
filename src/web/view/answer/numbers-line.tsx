// What an answer took: waiting, the first token, speed, and tokens in, cached and out.

import type { Answer } from "../../conversation/conversation.ts";
import { count, duration } from "../format.ts";

export function NumbersLine({ answer: { numbers, model } }: { readonly answer: Answer }) {
  if (!numbers) return null;
  const { queueMs, firstTokenMs, totalMs, promptTokens, cachedTokens, generatedTokens } = numbers;
  const speed = tokensPerSecond(numbers);
  return (
    <dl className="numbers">
      {model !== null && <Entry name="Model" value={model} />}
      <Entry name="Queue" value={duration(queueMs)} help="Waiting for a slot" />
      {firstTokenMs !== null && (
        <Entry name="TTFT" value={duration(firstTokenMs)} help="Time to the first token" />
      )}
      {speed !== null && (
        <Entry name="Speed" value={`${speed} tokens/s`} help="After the first token" />
      )}
      <Entry name="Total" value={duration(totalMs)} />
      <Entry name="In" value={count(promptTokens)} help="Tokens of the prompt" />
      <Entry name="Cached" value={count(cachedTokens)} help="Of them, already in the cache" />
      <Entry name="Out" value={count(generatedTokens)} help="Tokens of the answer" />
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

/** From the first token on; null where there are too few to say. */
function tokensPerSecond(numbers: NonNullable<Answer["numbers"]>): string | null {
  const { firstTokenMs, totalMs, generatedTokens } = numbers;
  if (firstTokenMs === null || generatedTokens < 2 || totalMs <= firstTokenMs) return null;
  const speed = ((generatedTokens - 1) * 1000) / (totalMs - firstTokenMs);
  return speed < 10 ? speed.toFixed(1) : count(Math.round(speed));
}
