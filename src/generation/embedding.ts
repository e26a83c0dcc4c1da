// Requests to the embedding worker: vectors of texts, or scores of documents for a query.

type InputOptions = {
  /** Path of each input in the client's body, for errors. In a list it ends in `[]`, where errors put the index. */
  readonly inputPath: string;
  /** Whether to cut inputs that are too long instead of refusing them. */
  readonly truncates: boolean;
};

export type EmbedRequest = InputOptions & {
  readonly type: "embed";
  /** Each is a text or its token ids. */
  readonly inputs: readonly (string | readonly number[])[];
  /** How many of a vector's first numbers to return; null for all. */
  readonly dimensions: number | null;
};

/** The documents are the inputs. */
export type RankRequest = InputOptions & {
  readonly type: "rank";
  readonly query: string;
  readonly documents: readonly string[];
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
