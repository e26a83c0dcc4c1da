// Says at the start which settings have no effect on a node or a gateway.

import {
  type ClusterRole,
  type GivenSettings,
  unusedSettings,
} from "../../config/cluster-roles.ts";
import type { Logger } from "../../log.ts";

const OTHERS = { node: "gateways", gateway: "nodes" } as const;

/** One line, or none. */
export function warnOfUnused(
  role: ClusterRole,
  command: GivenSettings,
  log: Pick<Logger, "warn">,
): void {
  const unused = unusedSettings(role, command);
  if (unused.length > 0)
    log.warn(
      `a ${role} does not use these settings: ${unused.join(", ")}; give those that ${OTHERS[role]} use to them`,
    );
}
