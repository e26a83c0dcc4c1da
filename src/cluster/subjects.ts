// The subjects of NATS that a cluster uses. deploy/nats.conf gives each role the permissions for its own.

/** A word of a subject may have these characters. */
const OTHER_CHARACTER = /[^\w-]/g;

export type Subjects = {
  /** Nodes publish their announcements; all gateways read them. */
  readonly announcements: string;
  /** Gateways publish, one node reads. */
  toNode(node: { readonly name: string; readonly incarnation: string }): string;
  /** Nodes publish, one gateway reads. */
  toGateway(gateway: { readonly id: string }): string;
  /** Gateways publish and read: requests that have ended the workers of two nodes, which no gateway accepts. */
  readonly quarantine: string;
  /** The JetStream bucket with the lease of the active gateway. */
  readonly leaseBucket: string;
};

/** @param cluster --cluster-name */
export function subjectsOf(cluster: string): Subjects {
  const prefix = wordOf(cluster);
  return {
    announcements: `${prefix}.announce`,
    toNode: ({ name, incarnation }) => `${prefix}.node.${wordOf(name)}.${incarnation}`,
    toGateway: ({ id }) => `${prefix}.gateway.${id}`,
    quarantine: `${prefix}.quarantine`,
    leaseBucket: `${prefix}-gateway`,
  };
}

function wordOf(name: string): string {
  return name.replaceAll(OTHER_CHARACTER, "_");
}
