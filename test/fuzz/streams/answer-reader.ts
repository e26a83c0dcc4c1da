// Parses HTTP answers as strictly as a proxy: anything that does not parse is a finding.

export type Answer = {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
};

type Piece = { readonly bytes: Buffer; readonly end: number };

const HEAD_END = "\r\n\r\n";

export class AnswerReader {
  #waiting = Buffer.alloc(0);
  readonly #methods: string[];
  #isUpgraded = false;

  /** @param methods methods of the requests in order; GET for further ones */
  constructor(methods: readonly string[]) {
    this.#methods = [...methods];
  }

  /** Bytes of an incomplete answer. */
  get rest(): Buffer {
    return this.#waiting;
  }

  /** @returns the answers that are complete now. @throws Error for bytes that are not HTTP */
  feed(bytes: Buffer): Answer[] {
    this.#waiting = Buffer.concat([this.#waiting, bytes]);
    const answers: Answer[] = [];
    for (let answer = this.#next(false); answer; answer = this.#next(false)) answers.push(answer);
    return answers;
  }

  /** Call when the connection has ended, which also ends an answer without a length. */
  end(): Answer | null {
    return this.#next(true);
  }

  #next(isEnd: boolean): Answer | null {
    for (;;) {
      if (this.#isUpgraded) return null; // the rest belongs to another protocol
      const headEnd = this.#waiting.indexOf(HEAD_END);
      if (headEnd < 0) return null;
      const { status, headers } = parseHead(this.#waiting.subarray(0, headEnd).toString("latin1"));
      const start = headEnd + HEAD_END.length;
      const isBodyless =
        status < 200 || status === 204 || status === 304 || this.#methods[0] === "HEAD";
      const piece = isBodyless
        ? { bytes: Buffer.alloc(0), end: start }
        : bodyAt(this.#waiting, start, headers, isEnd);
      if (!piece) return null;
      this.#waiting = this.#waiting.subarray(piece.end);
      this.#isUpgraded = status === 101;
      if (status < 200 && status !== 101) continue; // 100 Continue precedes the answer
      this.#methods.shift();
      return { status, headers, body: piece.bytes };
    }
  }
}

function parseHead(head: string) {
  const [first = "", ...lines] = head.split("\r\n");
  const [, status] = /^HTTP\/1\.1 (\d{3}) [\x20-\x7e]*$/.exec(first) ?? [];
  if (!status) throw new Error(`no status line: ${JSON.stringify(first.slice(0, 100))}`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^([\w-]+): ?([\t\x20-\x7e\x80-\xff]*)$/.exec(line) ?? [];
    if (!name) throw new Error(`no header: ${JSON.stringify(line.slice(0, 100))}`);
    if (headers.has(name.toLowerCase())) throw new Error(`header ${name} twice`);
    headers.set(name.toLowerCase(), value ?? "");
  }
  return { status: Number(status), headers };
}

function bodyAt(
  bytes: Buffer,
  start: number,
  headers: ReadonlyMap<string, string>,
  isEnd: boolean,
): Piece | null {
  if (headers.get("transfer-encoding") === "chunked") return chunksAt(bytes, start);
  const length = headers.get("content-length");
  if (length === undefined)
    return isEnd ? { bytes: bytes.subarray(start), end: bytes.length } : null;
  const end = start + Number(length);
  return bytes.length < end ? null : { bytes: bytes.subarray(start, end), end };
}

function chunksAt(bytes: Buffer, start: number): Piece | null {
  const chunks: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return null;
    const size = bytes.subarray(at, lineEnd).toString("latin1");
    if (!/^[0-9a-f]+$/i.test(size))
      throw new Error(`no chunk size: ${JSON.stringify(size.slice(0, 50))}`);
    const from = lineEnd + 2;
    const end = from + Number.parseInt(size, 16);
    if (bytes.length < end + 2) return null;
    chunks.push(bytes.subarray(from, end));
    at = end + 2;
    if (end === from) return { bytes: Buffer.concat(chunks), end: at };
  }
}
