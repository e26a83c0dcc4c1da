// The turn of an answer that has the whole process for itself: it never pauses.

import type { Turn } from "../../../src/worker/prompt/turn.ts";

export const STEADY_TURN: Turn = {
  signal: new AbortController().signal,
  pause: async () => {},
  wait: (work) => work,
};
