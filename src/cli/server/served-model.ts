// Asks a running server which model it serves, for commands that need to know.

import { CommandError } from "../command-error.ts";
import { callServer, type ServerAddress } from "./call-server.ts";
import { servedModels } from "./served-models.ts";

export type ServedModel = {
  readonly id: string;
  /** Tokens of one request, prompt and answer together. */
  readonly contextTokens: number;
  /** Whether its chat template knows tools; null where the key may not read this. */
  readonly hasTools: boolean | null;
};

type Props = { readonly chat_template_caps?: { readonly tool_format?: string | null } };

/** @throws CommandError when there is no such server, it refuses the key, or its model is not loaded yet */
export async function servedModel(address: ServerAddress): Promise<ServedModel> {
  const [model] = await servedModels(address);
  const contextTokens = model?.meta?.n_ctx;
  if (!model || !contextTokens)
    throw new CommandError(`${address.url} has not loaded its model yet; try again`);
  const props = await callServer(address, { path: "/props" });
  const format = (props?.body as Props | undefined)?.chat_template_caps?.tool_format;
  const hasTools = format === undefined ? null : format !== null && format !== "generic";
  return { id: model.id, contextTokens, hasTools };
}
