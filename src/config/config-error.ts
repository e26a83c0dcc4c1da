/** A bad setting. Its message is one line that names the setting, the value and what is allowed. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
