// Every example: what it shows, how it is checked, and the client that it proves.

export type Client = {
  readonly name: string;
  /** The package whose version was tested. */
  readonly npm?: string;
  readonly pip?: string;
  readonly works: string;
};

export type Example = {
  readonly file: string;
  readonly shows: string;
  /** Run and looked at its exit code, unless it is a proxy or a page, which are driven. */
  readonly kind?: "proxy" | "page" | "part";
  readonly client?: Client;
};

export const EXAMPLES: readonly Example[] = [
  {
    file: "curl.sh",
    shows: "curl alone: stream, list what runs, stop it, lose a stream and come back to it",
  },
  {
    file: "metrics.mjs",
    shows: "the same question streamed and buffered: time to first token, total, tokens per second",
  },
  { file: "metrics.py", shows: "the same in Python, streamed" },
  {
    file: "cancel.mjs",
    shows: "three ways to stop an answer, and that the server stops at once",
  },
  {
    file: "timeouts.mjs",
    shows: "a deadline that the server keeps; a dead connection that the client notices",
  },
];
