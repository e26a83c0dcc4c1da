// Models as the server lists them. A test overrides only the fields it is about.

import type { WireModel } from "../../../src/web/client/page-models.ts";

export function wireModel(id: string, meta: Partial<WireModel["meta"]> = {}): WireModel {
  return {
    id,
    meta: {
      state: "ready",
      reason: null,
      progress: 1,
      kind: "chat",
      aliases: [],
      size: 2_500_000_000,
      n_ctx: 4096,
      memory: { ram: 3_100_000_000, vram: 0 },
      fits: true,
      pinned: false,
      deletable: false,
      ...meta,
    },
  };
}
