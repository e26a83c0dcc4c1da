// What the embedding worker is asked to compute: vectors of texts, or how well documents answer a query.

/** Where an input stands in the client's body, for errors that name it. */
export type InputField = {
  readonly name: "input" | "prompt" | "documents" | "texts";
  /** Whether its items are named, as `input[3]`. */
  readonly isList: boolean;
};

export type EmbedRequest = {
  readonly type: "embed";
  readonly field: InputField;
  /** Texts, or the token ids of texts. */
  readonly inputs: readonly (string | readonly number[])[];
  /** First numbers of a vector that are wanted; null: all. */
  readonly dimensions: number | null;
  /** Cut inputs that are too long, instead of refusing them. */
  readonly truncates: boolean;
};

export type RankRequest = {
  readonly type: "rank";
  readonly field: InputField;
  readonly query: string;
  readonly documents: readonly string[];
  /** Cut documents that are too long, instead of refusing them. */
  readonly truncates: boolean;
};

export type EmbeddingRequest = EmbedRequest | RankRequest;

/** An input as the model reads it. Beginning and end tokens are added when it is computed. */
export type PreparedInput = {
  readonly tokens: Uint32Array;
  /** Of the query that a document is ranked for; null when a vector is wanted. */
  readonly query: Uint32Array | null;
};

export type PreparedInputs = {
  readonly inputs: readonly PreparedInput[];
  /** Of all inputs, with those that the model adds. */
  readonly promptTokens: number;
};
