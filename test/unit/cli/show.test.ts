// What `sluice show` prints about a model, and its errors.

import { expect, test } from "vitest";
import { descriptionJson, descriptionText, runShow } from "../../../src/cli/show.ts";
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
  memory: { ramBytes: 3_056_000_000, vramBytes: 0 },
  toolFormat: "generic",
  canSwitchReasoning: false,
};

const FILE = { file: "a.gguf", sizeBytes: 1_060_000_000 };
const MEMORY = {
  weights: { ramBytes: 1_056_000_000, vramBytes: 0 },
  free: { ramBytes: 8_000_000_000, vramBytes: 0 },
  fits: true,
  processor: "AVX2, FMA",
  advice: null,
  rows: [1, 4].map((slots) => ({
    contextTokens: 4096,
    slots,
    memory: { ramBytes: 1_056_000_000 + slots * 500_000_000, vramBytes: 0 },
  })),
};

test("lists the facts of a model, its memory, and the adaptations to its template", () => {
  const text = descriptionText({
    model: { ...MODEL, templateTraits: { ...TRAITS, system: "none" } },
    memory: MEMORY,
    file: "models/small.gguf",
    sizeBytes: 1_070_000_000,
  });

  expect(text).toBe(`Name                Small Model
File                models/small.gguf (1.07 GB)
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
Memory              3.06 GB with 4096 tokens in each of 4 slots; 1.06 GB of it for the weights
Fits here           yes, with 4096 tokens in each of 4 slots

Memory by context   1 slot  4 slots
4096 tokens        1.56 GB  3.06 GB

To show a conversation in full, Sluice adapts it to the template:
- System messages are put into the first user message.
- Tool calls and their results are written as text.`);
});

test("says that a model without a chat template cannot chat", () => {
  const model = { ...MODEL, name: null, quantization: null, templateTraits: null };

  const lines = descriptionText({ model, memory: MEMORY, ...FILE }).split("\n");

  expect(lines).toContain("Name                not named");
  expect(lines).toContain("Chat template       no: the model completes text, and cannot chat");
  expect(lines.at(-1)).toBe("4096 tokens        1.56 GB  3.06 GB");
});

test("says what is missing when the model does not fit", () => {
  const memory = { ...MEMORY, fits: false, advice: "it would fit with slots=2" };
  const free = { ramBytes: 2_500_000_000, vramBytes: 0 };

  const text = descriptionText({ model: MODEL, memory: { ...memory, free }, ...FILE });

  expect(text).toContain(
    "Fits here           no: 3.06 GB are needed, 2.50 GB are free; it would fit with slots=2",
  );
});

test("gives the same facts as JSON", () => {
  const traits = { ...TRAITS, system: "none" as const };
  const model = { ...MODEL, templateTraits: traits };

  expect(JSON.parse(descriptionJson({ model, memory: MEMORY, ...FILE }))).toMatchObject({
    file: "a.gguf",
    size: 1_060_000_000,
    parameters: 1_710_000_000,
    toolFormat: "generic",
    adaptations: [expect.stringContaining("System messages"), expect.any(String)],
    memory: { contextTokens: 4096, slots: 4, total: MODEL.memory, fits: true, table: MEMORY.rows },
  });
});

test.each([
  [["--context", "many"], '--context is "many": allowed is a whole number'],
  [["--context", "5"], "context is 5: allowed is an integer from 16 to 16777216"],
  [["--slots", "0"], "slots is 0: allowed is an integer from 1 to 256"],
])("refuses %j", async (args, message) => {
  await expect(runShow(args, {})).rejects.toThrow(message);
});

test("refuses a file that is not a model before anything is loaded", async () => {
  await expect(runShow(["nowhere.gguf"], {})).rejects.toThrow(
    "show: there is no file nowhere.gguf",
  );
  await expect(runShow([import.meta.filename], {})).rejects.toThrow("is not a GGUF file");
  await expect(runShow(["a.gguf", "b.gguf"], {})).rejects.toThrow("show takes one model");
  await expect(runShow(["--all"], {})).rejects.toThrow(/--all.*show --help/);
});
