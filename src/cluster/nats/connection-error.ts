// The error of a connection to NATS that cannot succeed until the settings change.

/** Its message is one line, for the person who starts the process. */
export class ClusterConnectionError extends Error {
  override readonly name = "ClusterConnectionError";
}
