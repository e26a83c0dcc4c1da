// The API of POST /v1/rerank, which scores how well documents answer a query. Two forms: that of Jina and Cohere
// (`documents`) and that of text-embeddings-inference (`texts`).
// https://jina.ai/reranker , https://huggingface.github.io/text-embeddings-inference

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type {
  EmbeddingAnswer,
  EmbeddingApi,
  EmbeddingEncoder,
  ParsedEmbeddingRequest,
} from "../embedding-api.ts";
import * as field from "../shared/field-types.ts";
import { parseBody } from "../shared/parse-body.ts";
import { invalidValue } from "../shared/refusals.ts";
import { OPENAI } from "./answer.ts";
import { embeddingUsage, resultEncoder } from "./embeddings.ts";

const MAX_DOCUMENTS = 2048;

/** Fields of other servers that would change the scores. */
const UNSUPPORTED = {
  instruction: [""],
  max_chunks_per_doc: [],
  max_tokens_per_doc: [],
  overlap_tokens: [],
  rank_fields: [],
  truncate_prompt_tokens: [],
  truncation: [],
};

const query = z
  .string()
  .min(1, "must not be empty")
  .describe("The query that the documents are ranked for.");
const document = z.union(
  [z.string(), z.object({ text: field.anyText }).transform(({ text }) => text)],
  { error: 'must be a string, or {"text": "..."}' },
);

function listOf<T extends z.ZodType>(form: T, description: string) {
  return z
    .array(form)
    .min(1, "must have at least one document")
    .max(MAX_DOCUMENTS, `must have at most ${MAX_DOCUMENTS} documents`)
    .describe(description);
}

const jinaSchema = z.object({
  model: field.modelId,
  query,
  documents: listOf(document, "The documents to rank, in the form of Jina and Cohere."),
  top_n: field.count("Number of documents to return, best first. Default: all."),
  return_documents: field.off("Whether to return the documents' texts."),
});

const teiSchema = z.object({
  model: field.modelId,
  query,
  texts: listOf(z.string(), "The documents to rank, in the form of text-embeddings-inference."),
  raw_scores: field.off("Whether to return the model's raw scores instead of probabilities."),
  return_text: field.off("Whether to return the texts."),
  truncate: field.off("Whether to cut the end of a text that is too long, or to refuse it."),
  truncation_direction: field.mustBe(
    ["right", "Right"],
    "must be right: documents are cut at their end",
  ),
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
  usage: embeddingUsage,
});

/** Answer to `texts`, in the form of text-embeddings-inference. */
export const teiRanking = z.array(
  z.strictObject({ index: z.int().min(0), score: z.number(), text: z.string().optional() }),
);

export const rerank: EmbeddingApi = {
  paths: ["/v1/rerank", "/rerank", "/v1/reranking", "/reranking", "/v2/rerank"],

  contract: {
    name: "Ranking",
    tag: OPENAI,
    summary: "Ranks documents by how well they answer a query",
    body: z.union([jinaSchema, teiSchema]),
    unsupported: UNSUPPORTED,
    example: { query: "Where is Paris?", documents: ["Cats sleep.", "Paris is in France."] },
    answer: z.union([ranking, teiRanking]),
    codes: ["context_length_exceeded"],
  },

  parse(body) {
    const isTei = typeof body === "object" && body !== null && Object.hasOwn(body, "texts");
    if (isTei && Object.hasOwn(body, "documents")) {
      throw invalidValue("texts", "cannot be used together with documents");
    }
    return isTei ? parseTei(body) : parseJina(body);
  },
};

function parseJina(body: unknown): ParsedEmbeddingRequest {
  const { fields, ignoredParams } = parseBody(jinaSchema, body, { unsupported: UNSUPPORTED });
  const { query, documents, top_n, return_documents } = fields;
  return {
    request: { type: "rank", inputPath: "documents[]", query, documents, truncates: false },
    model: fields.model ?? null,
    ignoredParams,
    encoder: () =>
      rankingEncoder((ranked, { model, promptTokens }) => ({
        model,
        object: "list",
        results: ranked.slice(0, top_n ?? ranked.length).map(({ index, score }) => ({
          index,
          relevance_score: score,
          ...(return_documents ? { document: { text: documents[index] ?? "" } } : {}),
        })),
        usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
      })),
  };
}

function parseTei(body: unknown): ParsedEmbeddingRequest {
  const { fields, ignoredParams } = parseBody(teiSchema, body, { unsupported: UNSUPPORTED });
  const { query, texts, raw_scores, return_text, truncate: truncates } = fields;
  return {
    request: { type: "rank", inputPath: "texts[]", query, documents: texts, truncates },
    model: fields.model ?? null,
    ignoredParams,
    encoder: () =>
      rankingEncoder((ranked) =>
        ranked.map(({ index, score }) => ({
          index,
          score: raw_scores ? rawScore(score) : score,
          ...(return_text ? { text: texts[index] ?? "" } : {}),
        })),
      ),
  };
}

type Ranked = { readonly index: number; readonly score: number };
type Ranking = z.output<typeof ranking> | z.output<typeof teiRanking>;
type EncodeRanking = (ranked: readonly Ranked[], answer: EmbeddingAnswer) => Ranking;

function rankingEncoder(encode: EncodeRanking): EmbeddingEncoder {
  return resultEncoder(scoreOf, (scores, answer) =>
    JSON.stringify(encode(rankedBy(scores), answer)),
  );
}

/** @throws ServiceError `generation_failed` */
function scoreOf([score = Number.NaN]: Float64Array): number {
  if (Number.isFinite(score)) return score;
  throw new ServiceError("generation_failed", "the model computed a score that is not a number");
}

/** Best first. Documents with equal scores keep their order. */
function rankedBy(scores: readonly number[]): readonly Ranked[] {
  const ranked = scores.map((score, index) => ({ index, score }));
  return ranked.sort((one, other) => other.score - one.score);
}

/** The model's logit, i.e. the inverse of the sigmoid. Scores of exactly 0 and 1 give the nearest finite value. */
export function rawScore(score: number): number {
  const inside = Math.min(Math.max(score, Number.MIN_VALUE), 1 - Number.EPSILON / 2);
  return Math.log(inside / (1 - inside));
}
