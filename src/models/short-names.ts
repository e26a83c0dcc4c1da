// The catalog: models that can be downloaded by a short name, such as `qwen3:4b`. Names of repositories, sizes and licences are
// facts of the hub, read from the repositories' pages; nothing here is asked from the network.

import { editDistance } from "../closest-name.ts";

export type ShortName = {
  /** `family:tag`. The first tag of a family is its default: `qwen3` is `qwen3:4b`. */
  readonly name: string;
  /** `hf:user/repo:quant`, or `hf:user/repo/file`. */
  readonly uri: string;
  /** Size of the download; the repository may have replaced the file since. */
  readonly sizeBytes: number;
  /** Context that the GGUF file names as the one the model was trained for. */
  readonly contextTokens: number;
  readonly licence: string;
  /** One short line. */
  readonly goodFor: string;
};

export const SHORT_NAMES: readonly ShortName[] = [
  {
    name: "qwen3:4b",
    uri: "hf:Qwen/Qwen3-4B-GGUF:Q4_K_M",
    sizeBytes: 2_497_280_256,
    contextTokens: 40_960,
    licence: "Apache-2.0",
    goodFor: "chat, tools and reasoning on a laptop",
  },
  {
    name: "qwen3:0.6b",
    uri: "hf:Qwen/Qwen3-0.6B-GGUF:Q8_0",
    sizeBytes: 639_446_688,
    contextTokens: 40_960,
    licence: "Apache-2.0",
    goodFor: "trying things out; short answers on any CPU",
  },
  {
    name: "qwen3:1.7b",
    uri: "hf:Qwen/Qwen3-1.7B-GGUF:Q8_0",
    sizeBytes: 1_834_426_016,
    contextTokens: 40_960,
    licence: "Apache-2.0",
    goodFor: "simple chat and tool calls on a CPU",
  },
  {
    name: "qwen3:8b",
    uri: "hf:Qwen/Qwen3-8B-GGUF:Q4_K_M",
    sizeBytes: 5_027_783_488,
    contextTokens: 40_960,
    licence: "Apache-2.0",
    goodFor: "chat, tools, reasoning on a GPU with 12 GB",
  },
  {
    name: "qwen3:14b",
    uri: "hf:Qwen/Qwen3-14B-GGUF:Q4_K_M",
    sizeBytes: 9_001_752_960,
    contextTokens: 40_960,
    licence: "Apache-2.0",
    goodFor: "chat, agents; GPU with 12 GB and --slots 2",
  },
  {
    name: "qwen2.5-coder:7b",
    uri: "hf:Qwen/Qwen2.5-Coder-7B-Instruct-GGUF:Q4_K_M",
    sizeBytes: 4_683_073_536,
    contextTokens: 32_768,
    licence: "Apache-2.0",
    goodFor: "code, also to fill in the middle",
  },
  {
    name: "gpt-oss:20b",
    uri: "hf:ggml-org/gpt-oss-20b-GGUF/gpt-oss-20b-MXFP4.gguf",
    sizeBytes: 12_109_566_624,
    contextTokens: 131_072,
    licence: "Apache-2.0",
    goodFor: "reasoning and agents on a GPU with 16 GB",
  },
  {
    name: "gemma3:4b",
    uri: "hf:ggml-org/gemma-3-4b-it-GGUF:Q4_K_M",
    sizeBytes: 2_490_000_000,
    contextTokens: 131_072,
    licence: "Gemma",
    goodFor: "chat in many languages",
  },
  {
    name: "llama3.2:3b",
    uri: "hf:bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M",
    sizeBytes: 2_019_377_696,
    contextTokens: 131_072,
    licence: "Llama 3.2",
    goodFor: "chat and summaries on a laptop",
  },
  {
    name: "mistral-small3.2:24b",
    uri: "hf:bartowski/mistralai_Mistral-Small-3.2-24B-Instruct-2506-GGUF:Q4_K_M",
    sizeBytes: 14_330_000_000,
    contextTokens: 131_072,
    licence: "Apache-2.0",
    goodFor: "chat and tools on a GPU with 24 GB",
  },
  {
    name: "qwen3-embedding:0.6b",
    uri: "hf:Qwen/Qwen3-Embedding-0.6B-GGUF:Q8_0",
    sizeBytes: 639_150_592,
    contextTokens: 32_768,
    licence: "Apache-2.0",
    goodFor: "embeddings of long texts in many languages",
  },
  {
    name: "nomic-embed-text:v1.5",
    uri: "hf:nomic-ai/nomic-embed-text-v1.5-GGUF:Q8_0",
    sizeBytes: 146_146_432,
    contextTokens: 2_048,
    licence: "Apache-2.0",
    goodFor: "small, fast embeddings of English text",
  },
  {
    name: "bge-reranker:v2-m3",
    uri: "hf:gpustack/bge-reranker-v2-m3-GGUF:Q8_0",
    sizeBytes: 635_676_416,
    contextTokens: 8_192,
    licence: "Apache-2.0",
    goodFor: "reranking in many languages",
  },
];

/** @param given a short name with its tag, or a family for its default tag; upper and lower case are the same */
export function findShortName(given: string): ShortName | undefined {
  const wanted = given.toLowerCase().replace(/:latest$/, "");
  return SHORT_NAMES.find(({ name }) => name === wanted || familyOf(name) === wanted);
}

/** Comparing takes time for each character, and a longer text is no short name. */
const LONGEST_COMPARED = 100;

/** The short names that resemble the given text, the most similar first. */
export function nearestShortNames(given: string): readonly string[] {
  if (given.length > LONGEST_COMPARED) return [];
  const wanted = given.toLowerCase();
  return SHORT_NAMES.map(({ name }) => ({
    name,
    distance: Math.min(editDistance(wanted, name), editDistance(wanted, familyOf(name))),
  }))
    .filter(({ distance }) => distance <= Math.max(2, wanted.length / 2))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
}

function familyOf(name: string): string {
  return name.slice(0, name.indexOf(":"));
}
