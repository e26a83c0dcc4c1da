// Socket activation: systemd binds the addresses, and gives the sockets to the process.
// https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html

/** The descriptors 0 to 2 are the standard streams. */
const FIRST_DESCRIPTOR = 3;
const VARIABLES = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];

/**
 * @param env loses the variables, so that child processes do not have them
 * @returns the descriptors of the sockets that are for the process with this id; none without socket activation
 */
export function takeInheritedSockets(env: NodeJS.ProcessEnv, pid: number): readonly number[] {
  const { LISTEN_PID, LISTEN_FDS } = env;
  for (const name of VARIABLES) delete env[name];
  const count = Number(LISTEN_FDS);
  if (LISTEN_PID !== String(pid) || !Number.isInteger(count)) return [];
  return Array.from({ length: count }, (_, index) => FIRST_DESCRIPTOR + index);
}
