// The id of a run: `<request>.<epoch>`. Each further run of a request has the next epoch, so that events of an earlier one are
// never taken for its own.

export type RunIdParts = { readonly requestId: string; readonly epoch: number };

export function runIdOf({ requestId, epoch }: RunIdParts): string {
  return `${requestId}.${epoch}`;
}

export function runIdParts(runId: string): RunIdParts {
  const point = runId.lastIndexOf(".");
  return { requestId: runId.slice(0, point), epoch: Number(runId.slice(point + 1)) };
}
