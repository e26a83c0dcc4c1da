// The error for requests whose model could not be loaded.

import { expect, test } from "vitest";
import { loadFailure } from "../../../src/engine/load-failure.ts";

test("keeps the details, and asks for no retry where it cannot help", () => {
  const memory = { ramBytes: 12_300_000_000, vramBytes: 0 };

  const failure = loadFailure({ code: "model_too_large", message: "it needs 12.30 GB", memory });

  expect(failure).toMatchObject({ code: "model_too_large", memory, retryAfterSeconds: null });
});

test("asks for a retry after 30 seconds where it may help", () => {
  expect(loadFailure({ code: "engine_unavailable", message: "no memory" })).toMatchObject({
    code: "engine_unavailable",
    message: "no memory",
    retryAfterSeconds: 30,
  });
});
