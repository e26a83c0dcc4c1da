// The explanation of a conversation that is too long for its model.

import { expect, test } from "vitest";
import { overflowText } from "../../../../src/web/view/answer/overflow-text.ts";

const MESSAGE =
  "This model's maximum context length is 8192 tokens. However, your messages resulted in 10240 tokens. " +
  "Please reduce the length of the messages (context_length_exceeded)";

test("names the sizes, and what happens to omitted messages", () => {
  expect(overflowText(MESSAGE, true)).toEqual({
    title: "The conversation is too long for the model",
    text: "It has 10,240 tokens. The model can hold 8,192 tokens, including its answer.",
    advice: "Omitted messages stay visible here, but are no longer sent to the model.",
  });
});

test("says by how much a single message must be shortened", () => {
  const { title, advice } = overflowText(MESSAGE, false);

  expect(title).toBe("This message is too long for the model");
  expect(advice).toContain("Shorten it by at least 21%,");
});

test("shows the server's words if it has no figures", () => {
  const { text, advice } = overflowText("too long", false);

  expect(text).toBe("too long");
  expect(advice).toBe("Shorten it, or choose a model with a larger context.");
});
