// Reads what arrives from NATS. A packet that no node or gateway has made is refused here, because what it says about nodes and
// terms would stay. What belongs to one run or question is not checked: it can only harm that one.

import { z } from "zod";
import { MODEL_STATES } from "../generation/model-info.ts";
import type {
  AnnouncementPacket,
  FromNodePacket,
  GatewayId,
  NodeId,
  ToNodePacket,
} from "./messages.ts";

/** A subject contains them. */
const ID = /^[\w-]{1,64}$/;
const NAME = /^[\w.-]{1,64}$/;
/** Terms are Unix times in ms, or greater by a few. Half of all safe integers is left for those that are greater than this. */
const MAX_SEEN_TERM = 2 ** 52;
const MAX_MODELS = 256;
const MAX_SLOTS = 4096;
const MAX_TEXT = 4096;

const text = z.string().max(MAX_TEXT);
const count = z.number().int().nonnegative();
const speed = z.number().nonnegative().nullable();

const modelInfo = z.looseObject({
  name: text.nullable(),
  device: text,
  slots: count.max(MAX_SLOTS),
  contextTokens: count.min(1),
  trainedContextTokens: count,
  chatTemplate: z.string().nullable(),
  templateTraits: z.looseObject({}).nullable(),
  vocabularySize: count,
  isEmbedding: z.boolean(),
  canRank: z.boolean(),
  modelBytes: count,
  memory: z.looseObject({ ramBytes: count, vramBytes: count }),
  family: text,
  parameters: count,
  quantization: text.nullable(),
});

const announcedModel = z.looseObject({
  key: text.min(1),
  names: z.tuple([text.min(1)], text.min(1)),
  kind: z.enum(["chat", "embedding"]),
  isForEmbedding: z.boolean(),
  isForRanking: z.boolean(),
  state: z.enum(MODEL_STATES),
  info: modelInfo.nullable(),
  slots: count.max(MAX_SLOTS),
  orphans: count,
  decodeTokensPerSecond: speed,
  prefillTokensPerSecond: speed,
  kvTokens: z.looseObject({ running: count, kept: count }),
  workerRestarts: count,
  prefixes: text,
});

const announcement = z.looseObject({
  type: z.literal("announce"),
  name: z.string().regex(NAME),
  incarnation: z.string().regex(ID),
  startedAtMs: z.number(),
  release: text,
  isDraining: z.boolean(),
  models: z.array(announcedModel).max(MAX_MODELS),
});

const announcements = z.tuple([announcement]);

/** Null for a packet that no node has made. Of a version that this gateway does not understand, only the sender is checked. */
export function readAnnouncement(
  packet: unknown,
  isCompatible: (version: number) => boolean,
): AnnouncementPacket | null {
  if (!isEnvelope(packet) || !isNodeId(packet.from)) return null;
  const isRead = !isCompatible(packet.version) || announcements.safeParse(packet.messages).success;
  return isRead ? (packet as unknown as AnnouncementPacket) : null; // checked above
}

/** Null for a packet that no node has made. */
export function readFromNode(packet: unknown): FromNodePacket | null {
  return isEnvelope(packet) && isNodeId(packet.from) ? (packet as FromNodePacket) : null; // see the first lines
}

/** Null for a packet that no gateway has made. */
export function readToNode(packet: unknown): ToNodePacket | null {
  return isEnvelope(packet) && isGatewayId(packet.from) ? (packet as ToNodePacket) : null; // see the first lines
}

/** Whether a gateway can have a greater term than this one, which a node says it has seen, and still a valid one. */
export function canBeSurpassed(term: unknown): term is number {
  return isTerm(term) && term <= MAX_SEEN_TERM;
}

function isTerm(term: unknown): term is number {
  return typeof term === "number" && Number.isSafeInteger(term) && term >= 0;
}

type Envelope = { readonly version: number; readonly from: object; readonly messages: unknown[] };

/** Without a schema: every decode step has a packet. */
function isEnvelope(packet: unknown): packet is Envelope {
  const { version, from, messages } = (packet ?? {}) as Partial<Envelope>;
  const isSender = typeof from === "object" && from !== null;
  return typeof version === "number" && isSender && Array.isArray(messages);
}

function isNodeId(from: object): from is NodeId {
  const { name, incarnation } = from as Partial<NodeId>;
  return isMatch(name, NAME) && isMatch(incarnation, ID);
}

function isGatewayId(from: object): from is GatewayId {
  const { id, term } = from as Partial<GatewayId>;
  return isMatch(id, ID) && isTerm(term);
}

function isMatch(text: unknown, pattern: RegExp): boolean {
  return typeof text === "string" && pattern.test(text);
}
