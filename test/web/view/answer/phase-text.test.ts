// What the page says while an answer waits.

import { expect, test } from "vitest";
import type { Phase } from "../../../../src/web/conversation/conversation.ts";
import { phaseText } from "../../../../src/web/view/answer/phase-text.ts";

const loading = { type: "loading" } as const;

test.each<[Phase, string]>([
  [{ ...loading, progress: null, etaMs: null }, "Loading the model…"],
  [{ ...loading, progress: 0.42, etaMs: null }, "Loading the model, 42%"],
  [{ ...loading, progress: 0.42 }, "Loading the model, 42%"], // stored by an older page
  [{ ...loading, progress: 0.42, etaMs: 3100 }, "Loading the model, 42%, about 3 s left"],
  [{ ...loading, progress: null, etaMs: 200 }, "Loading the model, about 1 s left"],
  [{ type: "queued", position: 1, etaMs: null }, "Next in the queue"],
  [{ type: "queued", position: 3, etaMs: 130_000 }, "Position 3 in the queue, about 2 min left"],
])("describes %o", (phase, text) => {
  expect(phaseText(phase)).toBe(text);
});
