// Answers that repeat most of their prompt: what does speculation gain?

import type { CaseOptions, Figures, ServerCase, Target } from "../case.ts";
import { randomPrompt } from "../clients/prompts.ts";
import { allComplete, type StreamResult, streamChat } from "../clients/stream-client.ts";

const LINES = 16;

export const copy: ServerCase = {
  name: "copy",
  help: 'each stream rewrites a file of its prompt with a new name for one function, at each level of --streams: tokens/s of all streams after their first token, and how many of the answers\' lines are copies. Compare with --variant "off=--speculation off"; the built-in model copies badly, SmolLM2 well',

  async run(target, options) {
    const figures: Record<string, number> = {};
    for (const level of options.streams)
      Object.assign(figures, await measure(target, level, options));
    return figures;
  },
};

async function measure(
  { url, model }: Target,
  level: number,
  { tokens }: CaseOptions,
): Promise<Figures> {
  const files = Array.from({ length: level }, newFile);
  const results = await allComplete(
    files.map((file) => {
      const content = `Rewrite this file. Rename the function start to begin, and change nothing else. Answer with the file only.\n\n${file}`;
      return streamChat({ url, model, messages: [{ role: "user", content }], tokens });
    }),
  );
  const seconds = decodeSeconds(results);
  const total = results.reduce((sum, result) => sum + result.tokens, 0);
  const lines = results.flatMap(({ text }) => text.split("\n").slice(0, -1)); // the last one may be cut
  const known = new Set(files.flatMap((file) => file.split("\n")));
  const copied = lines.filter((line) => line.trim() !== "" && known.has(line));
  return {
    [`${level} streams tok/s`]: total / seconds,
    [`${level} streams copied lines`]: copied.length,
  };
}

/** From the first text of any stream to the last. */
function decodeSeconds(results: readonly StreamResult[]): number {
  const times = results.flatMap(({ textAtMs }) => textAtMs);
  return (Math.max(...times) - Math.min(...times)) / 1000;
}

/** Lines of code with random words, so that no file is in a cache. */
function newFile(): string {
  const [first = "", ...names] = randomPrompt(LINES + 1).split(" ");
  const lines = names.map((name, line) => `  ${name}.${first}("${randomPrompt(2)}", ${line});`);
  return ["function start() {", ...lines, "}"].join("\n");
}
