// The names of the files in the folder of --cache-disk: the worker writes them, and the command `cache` removes them.

/** Names of saved prefixes end with this. */
export const PREFIX_EXTENSION = ".prefix";
/** Names of prefixes that are still being written end with this. */
export const UNFINISHED_EXTENSION = `${PREFIX_EXTENSION}.new`;
/** Digests of model files by path, size and time, because reading a large model takes long. */
export const DIGESTS_FILE = "models.json";

export function isCacheFile(name: string): boolean {
  return (
    name.endsWith(PREFIX_EXTENSION) || name.endsWith(UNFINISHED_EXTENSION) || name === DIGESTS_FILE
  );
}
