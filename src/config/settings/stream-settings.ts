// The settings of streams: slow and lost readers, and the memory kept for them. Part of ../config.ts.

import { inGroup, integer, offByDefault, timeLimit } from "./setting.ts";

const MAX_BYTES = 1_099_511_627_776;

export const STREAM_SETTINGS = inGroup("streams", {
  heartbeatMs: timeLimit({
    default: 5,
    help: "send a comment on a quiet stream this often, to keep its connection alive",
  }),
  stallTimeoutMs: timeLimit({
    default: 60,
    help: "disconnect a client that has data waiting and reads nothing for this long",
  }),
  resumable: offByDefault({
    help: "keep every stream when its connection is lost, not only those requested with X-Resumable: true",
  }),
  resumeGraceMs: timeLimit({
    default: 30,
    help: "how long a client that lost its connection may reconnect to a resumable stream",
  }),
  resumeBuffer: integer({
    min: 65_536,
    max: MAX_BYTES,
    default: 67_108_864,
    value: "BYTES",
    help: "memory for all resumable streams; one stream may use 1/64 of it, then it waits for its reader",
    isExpert: true,
  }),
  streamBuffer: integer({
    min: 1,
    max: 1_073_741_824,
    default: 65_536,
    value: "BYTES",
    help: "unread text at which the stream of a slow reader is parked: its generation pauses",
    isExpert: true,
  }),
  parkTimeoutMs: timeLimit({
    default: 2,
    help: "how long a parked stream keeps its slot while other requests wait",
    isExpert: true,
  }),
  responseStore: integer({
    min: 0,
    max: MAX_BYTES,
    default: 67_108_864,
    value: "BYTES",
    help: "memory for stored responses (POST /v1/responses); when it is full, the key that stores most loses its oldest; 0 stores none",
    isExpert: true,
  }),
  responseTtlMs: timeLimit({
    default: 3600,
    help: "how long a response stays stored after it has ended",
    isExpert: true,
  }),
});
