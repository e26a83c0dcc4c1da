// Writes a tiny BERT with random weights as a GGUF, to test embedding and reranking with an encoder without a download. The
// same options make the same file.

import { renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  f32,
  type GgufParts,
  type GgufTensor,
  ggufBytes,
  list,
  sizeOf,
  string,
  typed,
  u32,
} from "./gguf-bytes.ts";
import { randomNumbers } from "./random-numbers.ts";

export type TinyBertOptions = {
  readonly pooling: "mean" | "cls" | "rank";
  readonly contextTokens?: number;
  readonly layers?: number;
  readonly width?: number;
};

const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] as const;
/** Whole words, and every letter at the beginning and in the middle of a word, so that no text is unknown. */
const WORDS = [
  "the",
  "a",
  "cat",
  "dog",
  "sat",
  "on",
  "mat",
  "is",
  "capital",
  "of",
  "france",
  "paris",
];
const LETTERS = [..."abcdefghijklmnopqrstuvwxyz"];
/** llama.cpp requires this mark on a token that begins a word. */
const WORD_START = "\u2581";

export const TINY_VOCABULARY: readonly string[] = [
  ...SPECIAL,
  ...[...WORDS, ...LETTERS.filter((letter) => letter !== "a")].map((word) => WORD_START + word),
  ...LETTERS,
];

const POOLING = { mean: 1, cls: 2, rank: 4 } as const;

/** @returns the path of the file in the temporary folder; its name contains the options, so that it is written only once */
export function writeTinyBert(options: TinyBertOptions): string {
  const { pooling, contextTokens = 512, layers = 2, width = 32 } = options;
  const name = `tiny-bert-${pooling}-${contextTokens}-${layers}-${width}.gguf`;
  const file = path.join(tmpdir(), name);
  const unfinished = `${file}.${process.pid}`; // another test may be reading the final file
  writeFileSync(unfinished, ggufBytes(tinyBert(options)));
  renameSync(unfinished, file);
  return file;
}

/** The parts of the file, for tests that change some of them. */
export function tinyBert(options: TinyBertOptions): GgufParts {
  return { metadata: metadataOf(options), tensors: tensorsOf(options) };
}

function metadataOf({ pooling, contextTokens = 512, layers = 2, width = 32 }: TinyBertOptions) {
  const id = (token: (typeof SPECIAL)[number]) => typed(4, u32(SPECIAL.indexOf(token)));
  const metadata: [string, Buffer][] = [
    ["general.architecture", typed(8, string("bert"))],
    ["general.name", typed(8, string(`tiny ${pooling}`))],
    ["bert.context_length", typed(4, u32(contextTokens))],
    ["bert.embedding_length", typed(4, u32(width))],
    ["bert.feed_forward_length", typed(4, u32(2 * width))],
    ["bert.block_count", typed(4, u32(layers))],
    ["bert.attention.head_count", typed(4, u32(4))],
    ["bert.attention.layer_norm_epsilon", typed(6, f32(1e-12))],
    ["bert.attention.causal", typed(7, Buffer.from([0]))],
    ["bert.pooling_type", typed(4, u32(POOLING[pooling]))],
    ["tokenizer.ggml.model", typed(8, string("bert"))],
    ["tokenizer.ggml.token_type_count", typed(4, u32(2))],
    ["tokenizer.ggml.tokens", typed(9, list(8, TINY_VOCABULARY.map(string)))],
    ["tokenizer.ggml.token_type", typed(9, list(5, TINY_VOCABULARY.map(tokenType)))],
    ["tokenizer.ggml.padding_token_id", id("[PAD]")],
    ["tokenizer.ggml.unknown_token_id", id("[UNK]")],
    ["tokenizer.ggml.bos_token_id", id("[CLS]")],
    ["tokenizer.ggml.cls_token_id", id("[CLS]")],
    ["tokenizer.ggml.seperator_token_id", id("[SEP]")], // the spelling of the format
    ["tokenizer.ggml.mask_token_id", id("[MASK]")],
  ];
  return metadata;
}

/** 1 is an ordinary token, 3 a control token. */
function tokenType(_token: string, id: number): Buffer {
  return u32(id < SPECIAL.length ? 3 : 1);
}

function tensorsOf({
  pooling,
  contextTokens = 512,
  layers = 2,
  width = 32,
}: TinyBertOptions): GgufTensor[] {
  const random = randomNumbers(42);
  const tensors: GgufTensor[] = [];
  const add = (name: string, ...shape: number[]) => {
    const scale = 1 / Math.sqrt(shape[0] ?? 1);
    const values = Float32Array.from({ length: sizeOf(shape) }, () => random() * scale * 2);
    tensors.push({ name, shape, values });
  };
  const addLinear = (name: string, input: number, output: number) => {
    add(`${name}.weight`, input, output);
    add(`${name}.bias`, output);
  };
  const addNorm = (name: string) => {
    const ones = new Float32Array(width).fill(1);
    tensors.push({ name: `${name}.weight`, shape: [width], values: ones });
    tensors.push({ name: `${name}.bias`, shape: [width], values: new Float32Array(width) });
  };
  add("token_embd.weight", width, TINY_VOCABULARY.length);
  add("position_embd.weight", width, contextTokens);
  add("token_types.weight", width, 2);
  addNorm("token_embd_norm");
  for (let layer = 0; layer < layers; layer++) {
    for (const each of ["attn_q", "attn_k", "attn_v", "attn_output"]) {
      addLinear(`blk.${layer}.${each}`, width, width);
    }
    addNorm(`blk.${layer}.attn_output_norm`);
    addLinear(`blk.${layer}.ffn_up`, width, 2 * width);
    addLinear(`blk.${layer}.ffn_down`, 2 * width, width);
    addNorm(`blk.${layer}.layer_output_norm`);
  }
  if (pooling === "rank") {
    addLinear("cls", width, width);
    addLinear("cls.output", width, 1);
  }
  return tensors;
}
