// What `sluice show` prints about a model, and its errors.

import { expect, test } from "vitest";
import { descriptionText, runShow } from "../../../src/cli/show.ts";
import { ANY_MESSAGES } from "../../../src/generation/template-traits.ts";
import { FAKE_MODEL } from "../../support/engines/fake-engine.ts";

const TRAITS = {
  ...ANY_MESSAGES,
  showsEarlierReasoning: false,
  describesTools: true,
  calls: null,
};
const MODEL = {
  ...FAKE_MODEL,
  name: "Small Model",
  parameters: 1_710_000_000,
  modelBytes: 1_056_000_000,
  toolFormat: "generic",
  canSwitchReasoning: false,
};

test("lists the facts of a model, and the adaptations to its template", () => {
  const text = descriptionText(
    { ...MODEL, templateTraits: { ...TRAITS, system: "none" } },
    "models/small.gguf",
  );

  expect(text).toBe(`Name                Small Model
File                models/small.gguf (1.06 GB)
Family              llama
Parameters          1.7 B
Quantization        Q8_0
Trained context     4096 tokens
Vocabulary          1000 tokens
Fill in the middle  no
Chat template       yes
System messages     none: the template has no system role
Tools               described by the template
Tool call format    generic
Reasoning           format think; a request cannot switch it
Earlier reasoning   left out by the template

To show a conversation in full, Sluice adapts it to the template:
- System messages are put into the first user message.
- Tool calls and their results are written as text.`);
});

test("says that a model without a chat template cannot chat", () => {
  const model = { ...MODEL, name: null, quantization: null, templateTraits: null };

  const lines = descriptionText(model, "a.gguf").split("\n");

  expect(lines).toContain("Name                not named");
  expect(lines.at(-1)).toBe("Chat template       no: the model completes text, and cannot chat");
});

test("refuses a file that is not a model before anything is loaded", async () => {
  await expect(runShow(["nowhere.gguf"], {})).rejects.toThrow(
    "show: there is no file nowhere.gguf",
  );
  await expect(runShow([import.meta.filename], {})).rejects.toThrow("is not a GGUF file");
  await expect(runShow(["a.gguf", "b.gguf"], {})).rejects.toThrow("show takes one file");
  await expect(runShow(["--all"], {})).rejects.toThrow(/--all.*show --help/);
});
