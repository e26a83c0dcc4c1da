// Saves the state of models that can go back only to where it was saved: recurrent, hybrid and sliding-window ones. The library
// restores it when a slot keeps a prefix. Other models take no checkpoints.

import type { LlamaContextSequence } from "node-llama-cpp";
import type { CheckpointPlaces } from "../../generation/request.ts";
import { takeNamedCheckpoint } from "../library-internals.ts";
import type { Batcher } from "./batcher.ts";
import type { Slot } from "./slots.ts";

/** Reading fewer tokens again costs less than a checkpoint. */
const LEAST_TOKENS = 32;

/** A slot has up to this many checkpoints, and one more at the end of the system prompt. */
const MOST_CHECKPOINTS = 8;
/** Tokens after which a long prompt has another checkpoint. */
const INTERVAL_TOKENS = 4096;
/** The checkpoints of all slots take at most this share of the free memory, and this many bytes. */
const MEMORY_SHARE = 1 / 16;
const MOST_BYTES = 2 ** 31;

/**
 * Limits of the checkpoints of one slot. The oldest are dropped first; the last one is always kept. A checkpoint has the size of
 * the model's state, or of its window: some tens of MB for most models.
 * @param freeBytes memory that is free when the model is loaded
 */
export function checkpointLimits(slots: number, freeBytes: number) {
  const maxMemory = Math.floor(Math.min(MOST_BYTES, freeBytes * MEMORY_SHARE) / slots);
  return { max: MOST_CHECKPOINTS, interval: INTERVAL_TOKENS, maxMemory };
}

/** @returns the number of tokens up to which to read before the next checkpoint; infinite if there is none left */
export function nextCheckpoint(places: CheckpointPlaces | null, { sequence }: Slot): number {
  const { system = 0, turn = 0 } = places ?? {};
  const isAhead = (place: number) => place > sequence.nextTokenIndex && isUseful(place, sequence);
  return [system, turn].find(isAhead) ?? Number.POSITIVE_INFINITY;
}

/** Saves the state after the tokens read so far, unless that was done close to here. */
export async function takeCheckpoint(
  places: CheckpointPlaces | null,
  { sequence }: Slot,
  batcher: Batcher,
): Promise<void> {
  const place = sequence.nextTokenIndex;
  if (!places || !isUseful(place, sequence)) return;
  const taken = batcher.exclusively(() =>
    place === places.system
      ? takeNamedCheckpoint(sequence, "system", 1)
      : sequence.takeCheckpoint(),
  );
  await batcher.makeWay();
  await taken;
}

/** Whether a checkpoint there saves reading enough tokens again. */
function isUseful(place: number, { lastCheckpointIndex }: LlamaContextSequence): boolean {
  return place - lastCheckpointIndex > LEAST_TOKENS;
}
