// Asks a server which models it serves.

const TIMEOUT_MS = 10_000;

type Server = {
  /** Without /v1. */
  readonly url: string;
  readonly apiKey: string | null;
};

/** @returns the ids of GET /v1/models, in its order. @throws Error that says why the server does not list them */
export async function listedModels({ url, apiKey }: Server): Promise<readonly string[]> {
  const place = `${url}/v1/models`;
  let response: Response;
  try {
    response = await fetch(place, {
      headers: { authorization: `Bearer ${apiKey ?? "none"}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    const { message, cause } = error as Error;
    throw new Error(
      `${place} does not answer: ${cause instanceof Error ? cause.message : message}`,
    );
  }
  const body = (await response.json().catch(() => null)) as { data?: { id: string }[] } | null;
  if (response.status === 401) throw new Error(`${place} requires another API key`);
  if (!response.ok || !body?.data)
    throw new Error(`${place} answers ${response.status}, and no list of models`);
  return body.data.map(({ id }) => id);
}
