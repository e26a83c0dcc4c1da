// Writes tiny models with random weights whose state cannot be cut at any token, to test checkpoints without a download: a hybrid
// one (convolutions and attention) and one with a sliding window. Vocabulary and chat template are those of the built-in model.

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { f32, type GgufTensor, ggufBytes, list, sizeOf, string, typed, u32 } from "./gguf-bytes.ts";
import { metadataEntries } from "./metadata-entries.ts";
import { randomNumbers } from "./random-numbers.ts";

export const TOY_MODELS = ["hybrid", "sliding-window"] as const;
export type ToyModel = (typeof TOY_MODELS)[number];

const BUILTIN_MODEL = path.resolve(import.meta.dirname, "../../../models/builtin.gguf");
/** Tokens in the vocabulary of the built-in model. */
const VOCABULARY = 2867;
const WIDTH = 32;
const HEAD = 16;
const HEADS = 2;
const FEED_FORWARD = 64;
const CONTEXT_TOKENS = 4096;
/** Tokens that a layer with a sliding window sees. */
export const TOY_WINDOW = 64;
/** Tokens that a convolution sees. */
const CONVOLUTION = 4;
/** The number of heads of each layer of the hybrid model that other tokens attend to; 0: the layer is a convolution. */
const HYBRID_HEADS = [0, HEADS, 0, HEADS];
/** The layers of the other model; by default, every second one of its architecture has a sliding window. */
const SLIDING_LAYERS = 4;

/** @param folder default: the temporary folder. @returns the path of the file */
export function writeToyModel(toy: ToyModel, folder: string = tmpdir()): string {
  const file = path.join(folder, `toy-${toy}.gguf`);
  const unfinished = `${file}.${process.pid}`; // another test may be reading the final file
  const tokenizer = metadataEntries(readFileSync(BUILTIN_MODEL)).filter(([key]) =>
    key.startsWith("tokenizer."),
  );
  const { metadata, tensors } = toy === "hybrid" ? hybrid() : slidingWindow();
  writeFileSync(unfinished, ggufBytes({ metadata: [...metadata, ...tokenizer], tensors }));
  renameSync(unfinished, file);
  return file;
}

/** Liquid AI's LFM2. */
function hybrid() {
  const add = new Tensors();
  for (const [layer, heads] of HYBRID_HEADS.entries()) {
    const block = `blk.${layer}`;
    add.norm(`${block}.attn_norm`, WIDTH);
    if (heads === 0) {
      add.linear(`${block}.shortconv.conv`, CONVOLUTION, WIDTH);
      add.linear(`${block}.shortconv.in_proj`, WIDTH, 3 * WIDTH);
      add.linear(`${block}.shortconv.out_proj`, WIDTH, WIDTH);
    } else {
      add.attention(block);
      for (const each of ["attn_q_norm", "attn_k_norm"]) add.norm(`${block}.${each}`, HEAD);
    }
    add.feedForward(block);
  }
  add.vocabulary("token_embd_norm");
  const metadata = [
    ...metadataOf("lfm2", HYBRID_HEADS.length),
    entry("lfm2.attention.head_count_kv", typed(9, list(4, HYBRID_HEADS.map(u32)))),
    entry("lfm2.shortconv.l_cache", typed(4, u32(CONVOLUTION))),
  ];
  return { metadata, tensors: add.all };
}

/** Google's Gemma 3. */
function slidingWindow() {
  const add = new Tensors();
  for (let layer = 0; layer < SLIDING_LAYERS; layer++) {
    const block = `blk.${layer}`;
    for (const each of ["attn_norm", "post_attention_norm", "post_ffw_norm"])
      add.norm(`${block}.${each}`, WIDTH);
    add.attention(block);
    for (const each of ["attn_q_norm", "attn_k_norm"]) add.norm(`${block}.${each}`, HEAD);
    add.feedForward(block);
  }
  add.vocabulary("output_norm");
  const metadata = [
    ...metadataOf("gemma3", SLIDING_LAYERS),
    entry("gemma3.attention.head_count_kv", typed(4, u32(HEADS))),
    entry("gemma3.attention.sliding_window", typed(4, u32(TOY_WINDOW))),
    entry("gemma3.attention.sliding_window_pattern", typed(4, u32(2))),
  ];
  return { metadata, tensors: add.all };
}

function metadataOf(architecture: string, layers: number) {
  return [
    entry("general.architecture", typed(8, string(architecture))),
    entry("general.name", typed(8, string(`toy ${architecture}`))),
    entry(`${architecture}.context_length`, typed(4, u32(CONTEXT_TOKENS))),
    entry(`${architecture}.embedding_length`, typed(4, u32(WIDTH))),
    entry(`${architecture}.feed_forward_length`, typed(4, u32(FEED_FORWARD))),
    entry(`${architecture}.block_count`, typed(4, u32(layers))),
    entry(`${architecture}.attention.head_count`, typed(4, u32(HEADS))),
    entry(`${architecture}.attention.key_length`, typed(4, u32(HEAD))),
    entry(`${architecture}.attention.value_length`, typed(4, u32(HEAD))),
    entry(`${architecture}.attention.layer_norm_rms_epsilon`, typed(6, f32(1e-6))),
    entry(`${architecture}.vocab_size`, typed(4, u32(VOCABULARY))),
  ];
}

function entry(key: string, value: Buffer): readonly [string, Buffer] {
  return [key, value];
}

/** The tensors of a model, with random numbers that are the same every time. */
class Tensors {
  readonly all: GgufTensor[] = [];
  readonly #random = randomNumbers(42);

  linear(name: string, input: number, output: number): void {
    const scale = 2 / Math.sqrt(input);
    const shape = [input, output];
    const values = Float32Array.from({ length: sizeOf(shape) }, () => this.#random() * scale);
    this.all.push({ name: `${name}.weight`, shape, values });
  }

  norm(name: string, width: number): void {
    const values = new Float32Array(width).fill(1);
    this.all.push({ name: `${name}.weight`, shape: [width], values });
  }

  attention(block: string): void {
    const width = HEADS * HEAD;
    for (const each of ["attn_q", "attn_k", "attn_v"])
      this.linear(`${block}.${each}`, WIDTH, width);
    this.linear(`${block}.attn_output`, width, WIDTH);
  }

  feedForward(block: string): void {
    this.norm(`${block}.ffn_norm`, WIDTH);
    this.linear(`${block}.ffn_gate`, WIDTH, FEED_FORWARD);
    this.linear(`${block}.ffn_up`, WIDTH, FEED_FORWARD);
    this.linear(`${block}.ffn_down`, FEED_FORWARD, WIDTH);
  }

  /** @param norm the name of the last norm, which comes before the output */
  vocabulary(norm: string): void {
    this.linear("token_embd", WIDTH, VOCABULARY);
    this.norm(norm, WIDTH);
    this.linear("output", WIDTH, VOCABULARY);
  }
}
