// Schemas of the answers of POST /v1/embeddings, and of POST /v1/rerank in both of its forms.

import { z } from "zod";

const usage = z.strictObject({ prompt_tokens: z.int().min(0), total_tokens: z.int().min(0) });

/** Numbers; or, with `encoding_format: "base64"`, the bytes of 32-bit floats. */
const vector = z.union([z.array(z.number()), z.base64()]);

export const embeddingList = z.strictObject({
  object: z.literal("list"),
  data: z.array(
    z.strictObject({ object: z.literal("embedding"), index: z.int().min(0), embedding: vector }),
  ),
  model: z.string(),
  usage,
});

/** Answer to `documents`, in the form of Jina and Cohere. */
export const ranking = z.strictObject({
  model: z.string(),
  object: z.literal("list"),
  results: z.array(
    z.strictObject({
      index: z.int().min(0),
      relevance_score: z.number(),
      document: z.strictObject({ text: z.string() }).optional(),
    }),
  ),
  usage,
});

/** Answer to `texts`, in the form of text-embeddings-inference. */
export const teiRanking = z.array(
  z.strictObject({ index: z.int().min(0), score: z.number(), text: z.string().optional() }),
);

export type Ranking = z.output<typeof ranking>;
export type TeiRanking = z.output<typeof teiRanking>;
