// The errors that the person who runs a command can fix: main.ts prints their message, and the stack of every other error.

import { ClusterConnectionError } from "../cluster/nats/connection-error.ts";
import { ConfigError } from "../config/config-error.ts";
import { AuditFileError } from "../journal/audit-file.ts";
import { JwksFileError } from "../keys/jwt/key-set.ts";
import { KeysFileError } from "../keys/keys-file.ts";
import { UsageFolderError } from "../keys/usage/usage-folder.ts";
import { DownloadError } from "../models/download-network.ts";
import { ModelFolderError } from "../models/model-folder.ts";

/** A command cannot do what it was asked to do. Its message is one line. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

export function isExpected(error: unknown): error is Error {
  const known = [
    CommandError,
    ClusterConnectionError,
    ConfigError,
    KeysFileError,
    UsageFolderError,
    AuditFileError,
    JwksFileError,
  ];
  return [...known, DownloadError, ModelFolderError].some((each) => error instanceof each);
}
