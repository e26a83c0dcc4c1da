// Answers that repeat most of their prompt: what does speculation gain?

import type { CaseOptions, Figures, ServerCase, Target } from "../../src/bench/case.ts";
import { randomPrompt } from "../../src/bench/clients/prompts.ts";
import {
  allComplete,
  type StreamResult,
  streamChat,
} from "../../src/bench/clients/stream-client.ts";

export const copy: ServerCase = {
  name: "copy",
  help: 'each stream rewrites a file of its prompt with another name in it, at each level of --streams: tokens/s of all streams after their first token, and how many of the answers\' lines are copies. Compare with --variant "off=--speculation off"; the built-in model copies badly, SmolLM2 well',

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
  const files = Array.from({ length: level }, () => fileAbout(randomName()));
  const results = await allComplete(
    files.map((file) => {
      const content = `Rewrite this file with the name Server instead of its own name:\n\n\`\`\`js\n${file}\`\`\``;
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

/** A file of a program, with a name for its subject. A small model copies natural text, but not random words. */
function fileAbout(name: string): string {
  return `// Settings of the ${name}.
export function read${name}(file) {
  const text = fs.readFileSync(file, "utf8");
  const lines = text.split("\\n");
  const settings = {};
  for (const line of lines) {
    if (line.trim() === "") continue;
    const [key, value] = line.split("=");
    settings[key.trim()] = value.trim();
  }
  return settings;
}

export function write${name}(file, settings) {
  const lines = Object.entries(settings).map(([key, value]) => key + "=" + value);
  fs.writeFileSync(file, lines.join("\\n"));
}
`;
}

function randomName(): string {
  return randomPrompt(2)
    .split(" ")
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("");
}
