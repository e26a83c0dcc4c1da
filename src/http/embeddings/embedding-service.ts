// A model that computes embeddings or rerank scores. Built by create-engines.ts; one service may do both.

import type { EmbeddingEngine } from "../../engine/embedding-engine.ts";
import type { Catalog } from "../../models/catalog.ts";
import type { Admissions } from "../../queue/admissions.ts";

export type EmbeddingService = {
  readonly engine: EmbeddingEngine;
  /** Its worker computes one request at a time. */
  readonly queue: Admissions;
  readonly catalog: Catalog;
};
