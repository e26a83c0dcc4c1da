// The same workers without a cluster: in the process of the readers, with a channel for each stream.

import { Channel } from "../../src/engine/channel.ts";
import type { StepEvent } from "../../src/engine/messages.ts";

import type { GenerateEvent } from "../../src/generation/events.ts";
import { type ClusterBenchOptions, modelOf, REQUEST, stepMsOf } from "./options.ts";
import { PacedWorker } from "./paced-worker.ts";

/** @returns a function that starts one more stream */
export function workersInProcess(options: ClusterBenchOptions): () => AsyncIterable<GenerateEvent> {
  const channels = new Map<string, Channel>();
  const stepMs = stepMsOf(options);
  const workers = Array.from({ length: options.nodes }, (_, number) => {
    const onStep = ({ events }: { readonly events: readonly StepEvent[] }) => {
      const atMs = performance.now();
      for (const { id, ...step } of events) {
        if (step.type !== "output" || step.event.type !== "text-delta") continue;
        channels.get(id)?.push({ ...step.event, atMs });
      }
    };
    const offsetMs = (stepMs * number) / options.nodes;
    const paced = { model: modelOf(options), stepMs, offsetMs };
    return new PacedWorker({ onStep, onExit: () => {} }, paced);
  });
  let count = 0;
  return () => {
    const id = `s${count}`;
    const channel = new Channel({ onTaken: () => {} });
    channels.set(id, channel);
    const start = { type: "start", id, request: REQUEST, generated: [] } as const;
    workers[count % workers.length]?.send({ ...start, cacheScope: "", creditBytes: 0 });
    count += 1;
    return channel;
  };
}
