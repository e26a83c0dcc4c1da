// Asks a running server which model it serves, for commands that need to know.

import { CommandError } from "./command-error.ts";

export type ServedModel = {
  readonly id: string;
  /** Tokens of one request, prompt and answer together. */
  readonly contextTokens: number;
  /** Whether its chat template knows tools; null where the key may not read this. */
  readonly hasTools: boolean | null;
};

type ServerQuestion = {
  /** Without a path. */
  readonly url: string;
  readonly key: string | undefined;
  /** The words that run sluice, for the command in an error. */
  readonly program: string;
};

type ModelList = { readonly data?: readonly { id: string; meta?: { n_ctx?: number } }[] };
type Props = { readonly chat_template_caps?: { readonly tool_format?: string | null } };

const TIMEOUT_MS = 10_000;

/** @throws CommandError when there is no such server, it refuses the key, or its model is not loaded yet */
export async function askServer(question: ServerQuestion): Promise<ServedModel> {
  const { url } = question;
  const models = await get("/v1/models", question);
  if (models.status === 401)
    throw new CommandError(`${url} requires an API key: give it with --key or SLUICE_API_KEY`);
  if (models.status !== 200)
    throw new CommandError(`${url} answered ${models.status} to GET /v1/models`);
  const [model] = (models.body as ModelList).data ?? [];
  const contextTokens = model?.meta?.n_ctx;
  if (!model || !contextTokens)
    throw new CommandError(`${url} has not loaded its model yet; try again`);
  const props = await get("/props", question);
  const format = (props.body as Props).chat_template_caps?.tool_format;
  const hasTools = format === undefined ? null : format !== null && format !== "generic";
  return { id: model.id, contextTokens, hasTools };
}

async function get(path: string, { url, key, program }: ServerQuestion) {
  try {
    const headers: Record<string, string> =
      key === undefined ? {} : { authorization: `Bearer ${key}` };
    const response = await fetch(url + path, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { status: response.status, body: await response.json().catch(() => ({})) };
  } catch {
    throw new CommandError(
      `there is no server at ${url}; start one with: ${program}, or name another with --url`,
    );
  }
}
