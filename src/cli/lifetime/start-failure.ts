// Says why a server could not start, in one line for the person who started it.

/** An error of listening names its address: a host and a port, the path of a Unix socket, or a host name that was not found. */
type StartFailure = NodeJS.ErrnoException & {
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
};

/** @param error from listening, or from the load of a model @returns one line with the way out */
export function describeStartFailure(error: unknown): string {
  const { message, code, address, port, hostname } = error as StartFailure; // whatever is thrown at the start has a message
  const isTcp = port !== undefined && port >= 0;
  const host = JSON.stringify(address ?? hostname);
  switch (code) {
    case "EADDRINUSE":
      return isTcp
        ? `port ${port} is already in use; pick another with --port or --listen, or 0 for any free port`
        : `another server listens on unix:${address}; stop it, or name another path with --listen`;
    case "EACCES":
      return isTcp
        ? `this user may not listen on port ${port}; pick one above 1023 with --port or --listen`
        : `this user may not make the socket unix:${address}; name a path in a folder of its own with --listen`;
    case "ENOENT":
      return address === undefined ? message : `--listen: there is no folder for unix:${address}`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is not an address of this machine; see --host and --listen`;
    default:
      return message;
  }
}
