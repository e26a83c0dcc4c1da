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
  readonly kind?: "proxy" | "page";
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
  {
    file: "proxy-express.mjs",
    kind: "proxy",
    shows: "a proxy of your own: who leaves it stops the model; also serves the two chat pages",
  },
  { file: "proxy-fastapi.py", kind: "proxy", shows: "the same proxy in Python, without the pages" },
  {
    file: "chat-plain.html",
    kind: "page",
    shows: "a chat without a framework: typing cursor, scrolling, stop, coming back",
  },
  {
    file: "chat-react.jsx",
    kind: "page",
    shows: "the same in React; both get their text from stream-chat.js",
  },
];
