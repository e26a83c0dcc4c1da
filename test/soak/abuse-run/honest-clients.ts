// Clients that the abuse must not affect. They ask short questions with known answers in turn, and record the time to first
// token and whether the answer is right.

import { Agent, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { createParser } from "eventsource-parser";
import { CHAT } from "../abuses/requests.ts";

export type HonestAnswer = {
  readonly client: string;
  /** When the question was sent. */
  readonly atMs: number;
  /** Null without any text. */
  readonly ttftMs: number | null;
  /** What is wrong with the answer, or null. */
  readonly fault: string | null;
};

type HonestClient = {
  readonly name: string;
  readonly key: string;
  readonly port: number;
  /** Each client has its own address, by which a proxy distinguishes clients. */
  readonly localAddress: string;
  /** Whether the connection is kept alive; if not, each question uses a new one. */
  readonly isKept: boolean;
};

type HonestOptions = {
  readonly keys: readonly string[];
  /** Ports of the server and of nginx, if it is used. */
  readonly ports: readonly [number, number | null];
  readonly ca: Buffer;
  /** The clock of the run. */
  readonly now: () => number;
};

const QUESTIONS = ["rivers", "What is streaming?", "What is a token?", "Tell me about queues."];
const TOKENS = 24;
const PAUSE_MS = 150;
/** Time limit of an answer. */
const MOST_MS = 20_000;

type Answer = { readonly status: number; readonly text: string; readonly ttftMs: number | null };

export class HonestClients {
  readonly answers: HonestAnswer[] = [];
  readonly #clients: readonly HonestClient[];
  readonly #agents = new Map<string, Agent>();
  readonly #options: HonestOptions;
  readonly #right = new Map<string, string>();
  #asking: Promise<void> | null = null;
  #isOver = false;

  constructor(options: HonestOptions) {
    const [direct, nginx] = options.ports;
    const [one = "", two = "", three = ""] = options.keys;
    const name = nginx === null ? "honest-3" : "honest-3 (through nginx)";
    this.#options = options;
    this.#clients = [
      { name: "honest-1", key: one, port: direct, localAddress: "127.0.0.2", isKept: false },
      { name: "honest-2", key: two, port: direct, localAddress: "127.0.0.3", isKept: true },
      { name, key: three, port: nginx ?? direct, localAddress: "127.0.0.4", isKept: true },
    ];
    for (const client of this.#clients) this.#agents.set(client.name, agentOf(client));
  }

  /** Learns the right answers. @throws Error if the server answers a question differently the second time */
  async learn(): Promise<void> {
    for (const client of this.#clients)
      for (const question of QUESTIONS) {
        const { text } = await this.#ask(client, question);
        const known = this.#right.get(question) ?? text;
        if (text === "" || text !== known)
          throw new Error(`${question} was first answered ${known}, then ${text}`);
        this.#right.set(question, text);
      }
  }

  begin(): void {
    this.#asking = this.#askInTurn();
  }

  /** Resolves after the last answer. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#asking;
    for (const agent of this.#agents.values()) agent.destroy();
  }

  async #askInTurn(): Promise<void> {
    for (let turn = 0; !this.#isOver; turn++) {
      const client = this.#clients[turn % this.#clients.length];
      const question = QUESTIONS[turn % QUESTIONS.length] ?? "";
      if (client) this.answers.push(await this.#checked(client, question));
      await sleep(PAUSE_MS);
    }
  }

  async #checked(client: HonestClient, question: string): Promise<HonestAnswer> {
    const asked = { client: client.name, atMs: this.#options.now() };
    try {
      const { status, text, ttftMs } = await this.#ask(client, question);
      return { ...asked, ttftMs, fault: faultOf(status, text, this.#right.get(question)) };
    } catch (error) {
      const { name, message } = error as Error;
      const fault = name === "TimeoutError" ? `did not end within ${MOST_MS / 1000} s` : message;
      return { ...asked, ttftMs: null, fault: `it failed: ${fault}` };
    }
  }

  #ask(client: HonestClient, question: string): Promise<Answer> {
    const { key, port, localAddress, name } = client;
    const messages = [{ role: "user", content: question }];
    const body = JSON.stringify({ messages, max_tokens: TOKENS, temperature: 0, stream: true });
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const options = { host: "127.0.0.1", port, localAddress, method: "POST", path: CHAT, headers };
    const signal = AbortSignal.timeout(MOST_MS);
    const { ca } = this.#options;
    const startedAtMs = performance.now();
    return new Promise((resolve, reject) => {
      const agent = this.#agents.get(name) ?? false;
      const asking = request({ ...options, ca, agent, signal }, (response) => {
        const { statusCode: status = 0 } = response;
        let ttftMs: number | null = null;
        const reader = new TextReader();
        response.setEncoding("utf8");
        response.on("data", (bytes: string) => {
          reader.feed(bytes);
          if (reader.text !== "") ttftMs ??= performance.now() - startedAtMs;
        });
        response.once("error", reject);
        response.once("end", () => resolve({ status, text: reader.summary, ttftMs }));
      });
      asking.on("error", (error) => reject(signal.aborted ? signal.reason : error));
      asking.end(body);
    });
  }
}

function agentOf({ isKept }: HonestClient): Agent {
  return new Agent({ keepAlive: isKept, maxSockets: 1 });
}

/** The text of a stream, including its end and errors, so that one comparison finds all differences. */
class TextReader {
  text = "";
  #end = "";
  #body = "";
  readonly #parser = createParser({ onEvent: ({ data }) => this.#read(data) });

  get summary(): string {
    return this.#end === "" ? this.#body.slice(0, 300) : this.text + this.#end;
  }

  feed(bytes: string): void {
    this.#body += bytes;
    this.#parser.feed(bytes);
  }

  #read(data: string): void {
    if (data === "[DONE]") {
      this.#end += "[DONE]";
      return;
    }
    const { choices, error } = JSON.parse(data) as Chunk;
    const [choice] = choices ?? [];
    this.text += choice?.delta?.content ?? "";
    if (error) this.#end += ` [${error.code}: ${error.message}]`;
    if (choice?.finish_reason) this.#end += ` [${choice.finish_reason}]`;
  }
}

type Chunk = {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string };
    readonly finish_reason?: string | null;
  }[];
  readonly error?: { readonly code: string; readonly message: string };
};

function faultOf(status: number, text: string, right: string | undefined): string | null {
  if (status === 200 && text === right) return null;
  if (status !== 200) return `it was refused: ${status} ${text}`;
  return `it is ${JSON.stringify(text)} instead of ${JSON.stringify(right)}`;
}
