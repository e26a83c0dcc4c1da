// Takes over what can change while a server runs: the configuration file, and on SIGHUP also the files of keys and certificates.

import { describeChanges } from "../../config/changed-settings.ts";
import type { CommandLine } from "../../config/command-line.ts";
import type { Config } from "../../config/config.ts";
import { watchConfigFile } from "../../config/watch-config-file.ts";
import type { Service } from "../../service.ts";
import { rereadOnHangup } from "./reread-on-hangup.ts";

/** Polling interval of the configuration file. */
const CONFIG_POLL_MS = 1_000;

type FollowedCommand = Pick<Extract<CommandLine, { type: "serve" }>, "config" | "configFile">;

/** @param read reads the settings again. @throws ConfigError */
export function followSettings(
  service: Service,
  { config, configFile }: FollowedCommand,
  read: () => Config,
): void {
  const watch =
    configFile === null
      ? null
      : watchConfigFile({
          file: configFile,
          config,
          read,
          pollMs: CONFIG_POLL_MS,
          onChange: (changed, changes) => {
            service.reload(changed);
            service.log.info(`${configFile} has changed; ${describeChanges(changes)}`);
          },
          onError: (message) => service.log.error(message),
        });
  rereadOnHangup(service.log, () => {
    watch?.reload();
    service.rereadFiles();
  });
}
