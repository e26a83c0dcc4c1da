// The fields of requests and questions that an error may name. Each dialect has a table of the names that differ in its API.

export type RequestField =
  | "model"
  | "prompt"
  | "messages"
  | "tools"
  | "suffix"
  | "logitBias"
  | "grammar"
  | "tokens"
  | "query"
  | "dimensions"
  /** The number of choices per prompt. */
  | "choices"
  /** The id of the stored answer that the request continues. */
  | "previousId";
