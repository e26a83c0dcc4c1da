// A node without a worker, which speaks the messages as a real one does. Its model answers with the words "t0 ", "t1 ", ... ; it
// sends events when the test says so.

import type { ClusterLink } from "../../../src/cluster/link.ts";
import {
  type AnnouncedModel,
  type Announcement,
  type FromNode,
  type GatewayId,
  type NumberedEvent,
  PROTOCOL_VERSION,
  type StartRun,
  type ToNode,
  type ToNodePacket,
} from "../../../src/cluster/messages.ts";
import { subjectsOf } from "../../../src/cluster/subjects.ts";
import type { StepEvent } from "../../../src/engine/messages.ts";
import type { FreshEvent } from "../../../src/generation/events.ts";
import { FAKE_MODEL } from "../engines/fake-engine.ts";

const CLUSTER = "test";

export type FakeNodeOptions = Partial<Omit<Announcement, "type" | "models">> & {
  readonly link: ClusterLink;
  readonly model?: Partial<AnnouncedModel>;
};

type FakeRun = {
  readonly start: StartRun;
  /** All events, by number. */
  readonly events: NumberedEvent[];
  owner: GatewayId;
  /** Number of the answer's next token. */
  nextToken: number;
  creditBytes: number;
};

type Sent<Type extends ToNode["type"]> = Extract<ToNode, { type: Type }>;

export class FakeNode {
  readonly link: ClusterLink;
  readonly #subjects = subjectsOf(CLUSTER);
  #announced: Announcement;
  readonly runs = new Map<string, FakeRun>();
  /** All messages of gateways, in order. */
  readonly received: ToNode[] = [];
  #gateway: GatewayId | null = null;
  /** What it answers to questions; null for nothing. */
  answer: (message: Sent<"ask"> | Sent<"embed">) => FromNode | null = (message) =>
    message.type === "ask"
      ? { type: "answered", id: message.id, answer: this.name, ms: 5 }
      : {
          type: "embedded",
          id: message.id,
          first: 0,
          vectors: [Float64Array.of(1, 2)],
          promptTokens: 3,
        };

  constructor({ link, model, ...announced }: FakeNodeOptions) {
    this.link = link;
    this.#announced = {
      type: "announce",
      name: "a",
      incarnation: "a1",
      startedAtMs: 1,
      release: "0.0.0",
      isDraining: false,
      models: [announcedModel(model)],
      ...announced,
    };
    link.subscribe(this.#subjects.toNode(this.#announced), (packet) =>
      this.#receive(packet as ToNodePacket),
    );
  }

  get name(): string {
    return this.#announced.name;
  }

  get announced(): Announcement {
    return this.#announced;
  }

  startOf(id: string): StartRun {
    return this.#runOf(id).start;
  }

  /** @param changes of its model */
  announce(changes: Partial<Announcement> = {}, model: Partial<AnnouncedModel> = {}): void {
    const models = this.#announced.models.map((each) => ({ ...each, ...model }));
    this.#announced = { ...this.#announced, models, ...changes };
    const { name, incarnation } = this.#announced;
    const packet = {
      version: PROTOCOL_VERSION,
      from: { name, incarnation },
      messages: [this.#announced],
    };
    this.link.publish(this.#subjects.announcements, packet);
  }

  /** The messages of one type that gateways have sent. */
  got<Type extends ToNode["type"]>(type: Type): readonly Sent<Type>[] {
    return this.received.filter((message): message is Sent<Type> => message.type === type);
  }

  /** Generates tokens of a run. @param isSent false loses them on the way */
  generate(id: string, tokens: number, { isSent = true } = {}): void {
    const run = this.#runOf(id);
    const first = run.events.length;
    for (let index = 0; index < tokens; index += 1) {
      const token = run.nextToken;
      run.nextToken += 1;
      const text = `t${token} `;
      this.#record(run, { type: "text-delta", text, tokens: 1, ids: [token] });
    }
    if (isSent) this.#sendFrom(run, first);
  }

  /** Ends a run as the model does. */
  finish(id: string): void {
    const run = this.#runOf(id);
    const completionTokens = run.nextToken;
    const promptTokens = run.start.request.promptTokens.length;
    const usage = { promptTokens, cachedTokens: 0, completionTokens, reasoningTokens: 0 };
    this.#record(run, {
      type: "finish",
      reason: "stop",
      stopString: null,
      usage,
      prefixTier: "slot",
      prefillMs: 1,
    });
    this.#sendFrom(run, run.events.length - 1);
  }

  /** Sends an event that ends a run otherwise, or parks it. */
  event(id: string, event: StepEvent): void {
    const run = this.#runOf(id);
    run.events.push({ number: run.events.length, event });
    this.#sendFrom(run, run.events.length - 1);
  }

  /** Sends the events of a run from this number on, whether or not they were sent before. */
  repeat(id: string, from: number): void {
    this.#sendFrom(this.#runOf(id), from);
  }

  send(message: FromNode, to: GatewayId | null = this.#gateway): void {
    if (!to) throw new Error("no gateway has spoken to this node yet");
    const { name, incarnation } = this.#announced;
    const packet = { version: PROTOCOL_VERSION, from: { name, incarnation }, messages: [message] };
    this.link.publish(this.#subjects.toGateway(to), packet);
  }

  #receive({ from, messages }: ToNodePacket): void {
    this.#gateway = from;
    for (const message of messages) {
      this.received.push(message);
      this.#act(message, from);
    }
  }

  #act(message: ToNode, from: GatewayId): void {
    switch (message.type) {
      case "ask":
      case "embed": {
        const answer = this.answer(message);
        if (answer) this.send(answer);
        return;
      }
      case "start":
        return this.#start(message, from);
      case "attach": {
        const run = this.runs.get(message.id);
        if (!run) return this.send({ type: "unknown", ids: [message.id] });
        run.owner = from;
        return this.#sendFrom(run, 0);
      }
      case "credit":
        this.#runOf(message.id).creditBytes = message.creditBytes;
        return;
      case "abort":
        if (this.runs.has(message.id))
          this.event(message.id, { type: "aborted", id: message.id, tokensAfterAbort: 0 });
        return;
      case "resend":
        return this.#sendFrom(this.#runOf(message.id), message.from);
      case "find": {
        const run = [...this.runs.values()].find(
          ({ start }) => start.kept?.streamId === message.streamId,
        );
        return this.send({ type: "found", id: message.id, stream: run ? foundRun(run) : null });
      }
      case "sync": {
        const ids = message.runs.filter(({ id }) => !this.runs.has(id)).map(({ id }) => id);
        if (ids.length > 0) this.send({ type: "unknown", ids });
        return;
      }
      case "suspend":
      case "fence":
        return;
    }
  }

  #start(start: StartRun, owner: GatewayId): void {
    const { generated, creditBytes } = start;
    const nextToken = generated.length;
    const run: FakeRun = { start, events: [], owner, nextToken, creditBytes };
    this.runs.set(start.id, run);
    for (const event of start.history) this.#record(run, event);
  }

  #record(run: FakeRun, event: FreshEvent): void {
    const { id } = run.start;
    run.events.push({ number: run.events.length, event: { type: "output", id, event } });
  }

  #sendFrom(run: FakeRun, from: number): void {
    const events = run.events.slice(from);
    const { model } = run.start;
    this.send(
      { type: "step", model, events, loads: [], kvTokens: { running: 0, kept: 0 } },
      run.owner,
    );
  }

  #runOf(id: string): FakeRun {
    const run = this.runs.get(id);
    if (!run) throw new Error(`${this.name} has no run ${id}`);
    return run;
  }
}

function foundRun({ start, events }: FakeRun) {
  const { id, model, request, cacheScope, kept } = start;
  return {
    runId: id,
    model,
    origin: kept?.origin ?? null,
    request,
    cacheScope,
    events: events.length,
  };
}

export function announcedModel(changes: Partial<AnnouncedModel> = {}): AnnouncedModel {
  return {
    key: "k",
    names: ["m"],
    kind: "chat",
    isForEmbedding: false,
    isForRanking: false,
    state: "ready",
    info: FAKE_MODEL,
    slots: 2,
    orphans: 0,
    decodeTokensPerSecond: null,
    prefillTokensPerSecond: null,
    kvTokens: { running: 0, kept: 0 },
    workerRestarts: 0,
    prefixes: "",
    ...changes,
  };
}
