// All messages between a gateway and its nodes. They are the messages of a worker process (engine/messages.ts) with the model's
// key, a number for each event of a run, and what repairs lost messages. Plain data: link.ts carries them.

import type { StepEvent, ToWorker, WireError } from "../engine/messages.ts";
import type { EmbeddingRequest } from "../generation/embedding.ts";
import type { FreshEvent, StepLoad } from "../generation/events.ts";
import type { KeptStream } from "../generation/kept-stream.ts";
import type { EngineState, KvTokens, ModelInfo } from "../generation/model-info.ts";
import type { AnswerTo, Question } from "../generation/questions.ts";
import type { Json, PreparedRequest } from "../generation/request.ts";

/**
 * The version of these messages, as a packet carries it. A sender works with receivers of the same version and of its neighbours
 * (one more or one less); others refuse its packets.
 */
export const PROTOCOL_VERSION = 1;

/** Identifies one life of a node. */
export type NodeId = {
  /** From --node-name; unique in the cluster. */
  readonly name: string;
  /** Random, made at the start of the process. */
  readonly incarnation: string;
};

/** Identifies the gateway that sends, and its term. */
export type GatewayId = {
  /** The host's name and random characters, made at the start of the process. */
  readonly id: string;
  /** Grows with each change of the active gateway. Nodes ignore a lower one than they have seen. */
  readonly term: number;
  /**
   * Whether it shuts down: it has given back its lease, and only finishes its requests. Nodes work for it beside the next gateway.
   * Absent: false.
   */
  readonly isRetiring?: boolean;
};

/** One model of a node, as the node announces it. */
export type AnnouncedModel = {
  /** Identifies the file and how it is used: equal for the same model on all nodes. */
  readonly key: string;
  readonly names: readonly [string, ...string[]];
  /** `chat` generates (and may compute embeddings); `embedding` only computes embeddings or ranks documents. */
  readonly kind: "chat" | "embedding";
  /** Whether the node's settings make it the model for embeddings, or for ranking documents. */
  readonly isForEmbedding: boolean;
  readonly isForRanking: boolean;
  readonly state: EngineState;
  /** Null until it was loaded for the first time. */
  readonly info: ModelInfo | null;
  /** 0 for one that does not generate. */
  readonly slots: number;
  /** Slots that hold runs of other gateways than the active one: of one that shuts down, or that nobody has resumed yet. */
  readonly orphans: number;
  /** Measured; null before any measurement. Tokens per second of one stream, and of reading a prompt. */
  readonly decodeTokensPerSecond: number | null;
  readonly prefillTokensPerSecond: number | null;
  readonly kvTokens: KvTokens;
  /** Restarts of its worker process. */
  readonly workerRestarts: number;
  /** The cached prefixes, as `PrefixDigest.encode()` writes them. */
  readonly prefixes: string;
};

/** A node sends it to all gateways every second, and at once after a change of state. */
export type Announcement = NodeId & {
  readonly type: "announce";
  /** Unix time in ms at which the process started: of two incarnations with the same name, the older is fenced. */
  readonly startedAtMs: number;
  /** The version of Sluice. */
  readonly release: string;
  /** Whether it takes no new requests, because it is shutting down. */
  readonly isDraining: boolean;
  readonly models: readonly AnnouncedModel[];
};

/** The start of a run. Its id is `<request>.<epoch>`: each further run of the request has the next epoch. */
export type StartRun = Omit<Extract<ToWorker, { type: "start" }>, "type"> & {
  readonly type: "start";
  readonly model: string;
  /** Null for a stream that ends with its gateway. */
  readonly kept: KeptStream | null;
  /**
   * For a kept stream: the events of the earlier runs, which another gateway would have to send again. They have the first
   * numbers of this run, from 0 on; the node does not send them to this gateway, whose first event has the number after them.
   */
  readonly history: readonly FreshEvent[];
};

/** What the gateway knows about a run, so that the node can repair what was lost. */
export type RunPosition = {
  readonly id: string;
  /** Number of the next event that the gateway expects. */
  readonly next: number;
  /** All credit that the run was ever given. */
  readonly creditBytes: number;
};

export type ToNode =
  | {
      readonly type: "ask";
      readonly id: string;
      readonly model: string;
      readonly question: Question;
    }
  | {
      readonly type: "embed";
      readonly id: string;
      readonly model: string;
      readonly request: EmbeddingRequest;
    }
  | StartRun
  /**
   * Takes over a kept run of another gateway. The node sends all its events again, from number 0. `creditBytes`, here and in
   * later messages for this run, counts from event 0 on, with the events of earlier runs.
   */
  | {
      readonly type: "attach";
      readonly id: string;
      readonly model: string;
      readonly creditBytes: number;
    }
  /** `creditBytes`: all credit that the run was ever given, so that a lost message is repaired by the next one. */
  | { readonly type: "credit"; readonly id: string; readonly creditBytes: number }
  | { readonly type: "abort"; readonly id: string }
  | { readonly type: "suspend"; readonly id: string }
  /** Events of a run are missing: send all from this number on again. */
  | { readonly type: "resend"; readonly id: string; readonly from: number }
  /**
   * Sent twice a second: everything of this gateway that the node should be working on. The node ends other runs of this
   * gateway, repairs what differs, and answers with `unknown`.
   */
  | {
      readonly type: "sync";
      readonly runs: readonly RunPosition[];
      readonly questions: readonly string[];
    }
  | { readonly type: "find"; readonly id: string; readonly streamId: string }
  /** A newer process has this node's name. The node ends. */
  | { readonly type: "fence"; readonly by: NodeId };

/** An event of a run, with its number within the run, from 0. */
export type NumberedEvent = { readonly number: number; readonly event: StepEvent };

export type FromNode =
  /** Events of one decode step, of the runs of this gateway. */
  | {
      readonly type: "step";
      readonly model: string;
      readonly events: readonly NumberedEvent[];
      readonly loads: readonly StepLoad[];
      readonly kvTokens: KvTokens;
    }
  /** The worker process of these runs has ended. */
  | {
      readonly type: "lost";
      readonly ids: readonly string[];
      readonly error: WireError;
      readonly isFromOutside: boolean;
      readonly crashesInARow: number;
    }
  /** Another gateway has attached these runs. */
  | { readonly type: "taken"; readonly ids: readonly string[] }
  /** The node moves these runs, because it is shutting down: they continue elsewhere from the events sent so far. */
  | { readonly type: "moved"; readonly ids: readonly string[] }
  /** Runs and questions of a `sync`, or of an `attach`, that the node does not have. */
  | { readonly type: "unknown"; readonly ids: readonly string[] }
  | {
      readonly type: "answered";
      readonly id: string;
      readonly answer: AnswerTo<Question>;
      readonly ms: number;
    }
  /** The first vectors of an answer that is too large for one packet. The others follow. `first`: index of the first of these. */
  | {
      readonly type: "vectors";
      readonly id: string;
      readonly first: number;
      readonly vectors: readonly Float64Array[];
    }
  /** The last vectors, or all. */
  | {
      readonly type: "embedded";
      readonly id: string;
      readonly first: number;
      readonly vectors: readonly Float64Array[];
      readonly promptTokens: number;
    }
  /** `isLost`: the worker process ended before it had an answer, and not because of this question: another node may try. */
  | {
      readonly type: "refused";
      readonly id: string;
      readonly error: WireError;
      readonly ms: number;
      readonly isLost: boolean;
    }
  /** Answer to `find`; null if the node does not have the stream. */
  | { readonly type: "found"; readonly id: string; readonly stream: FoundRun | null }
  /** The gateway's term is over: another gateway has this one. */
  | { readonly type: "stale"; readonly term: number };

/** A kept run of a gateway that is gone, or of this one. */
export type FoundRun = {
  readonly runId: string;
  readonly model: string;
  readonly origin: Json;
  readonly request: PreparedRequest;
  readonly cacheScope: string;
  /** Number of events so far. */
  readonly events: number;
};

/** What one side sends at once: the messages of one turn of its event loop. */
export type ToNodePacket = {
  readonly version: number;
  readonly from: GatewayId;
  readonly messages: readonly ToNode[];
};

export type FromNodePacket = {
  readonly version: number;
  readonly from: NodeId;
  readonly messages: readonly FromNode[];
};

export type AnnouncementPacket = {
  readonly version: number;
  readonly from: NodeId;
  readonly messages: readonly [Announcement];
};
