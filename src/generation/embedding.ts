// Requests to the embedding worker: vectors of texts, or scores of documents for a query.

export type EmbedRequest = {
  readonly type: "embed";
  /** Path of each input in the client's body, for errors. In a list it ends in `[]`, where errors put the index. */
  readonly inputPath: string;
  /** Each is a text or its token ids. */
  readonly inputs: readonly (string | readonly number[])[];
  /** How many of a vector's first numbers to return; null for all. */
  readonly dimensions: number | null;
  /** Whether to cut inputs that are too long instead of refusing them. */
  readonly truncates: boolean;
};

export type RankRequest = {
  readonly type: "rank";
  /** Path of each document; see `EmbedRequest`. */
  readonly inputPath: string;
  readonly query: string;
  readonly documents: readonly string[];
  /** Whether to cut documents that are too long instead of refusing them. */
  readonly truncates: boolean;
};

export type EmbeddingRequest = EmbedRequest | RankRequest;

/** A tokenized input, without the beginning and end tokens, which are added when it is computed. */
export type PreparedInput = {
  readonly tokens: Uint32Array;
  /** Tokens of the query that the document is ranked for; null for an embedding. */
  readonly query: Uint32Array | null;
};

export type PreparedInputs = {
  readonly inputs: readonly PreparedInput[];
  /** Tokens of all inputs, including those that the model adds. */
  readonly promptTokens: number;
};
