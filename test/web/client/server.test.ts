// Calls of the page that depend on which model a conversation uses, and on what its key may do.

import { afterEach, expect, test, vi } from "vitest";
import { Server } from "../../../src/web/client/server.ts";
import { wireModel } from "./wire-models.ts";

afterEach(() => vi.unstubAllGlobals());

/** A server with these answers by path. Others are 404. */
function serverWith(answers: Readonly<Record<string, () => Response>>): Server {
  vi.stubGlobal("fetch", async ({ pathname }: URL) => {
    return answers[pathname]?.() ?? Response.json({}, { status: 404 });
  });
  return new Server("http://here/", () => null);
}

test.each([
  ["the default model", {}, false],
  ["the chosen model", { model: "large" }, true],
  ["a model by an alias", { model: "big" }, true],
])("a prompt is compared with the context of %s", async (_, body, fits) => {
  const data = [
    wireModel("small", { n_ctx: 100 }),
    wireModel("large", { n_ctx: 1000, aliases: ["big"] }),
    wireModel("big", { n_ctx: 1000, aliases: ["large"] }),
  ];
  const server = serverWith({
    "/v1/models": () => Response.json({ data }),
    "/v1/chat/completions/input_tokens": () => Response.json({ input_tokens: 90 }),
  });

  expect(await server.fits(body)).toBe(fits);
});

test.each([200, 401, 403, 404])(
  "a key may manage models unless the server refuses it (%i)",
  async (status) => {
    const server = serverWith({
      "/v1/models/pulls": () => Response.json({ data: [] }, { status }),
    });

    expect(await server.mayManageModels()).toBe(status === 200);
  },
);
