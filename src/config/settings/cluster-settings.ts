// The settings of `sluice node` and `sluice gateway`, which work together over NATS. Part of ../config.ts.

import { z } from "zod";
import { inGroup } from "./setting.ts";

const NAME = /^[\w.-]{1,64}$/;

export const CLUSTER_SETTINGS = inGroup("cluster", {
  cluster: {
    schema: z
      .array(
        z
          .string()
          .trim()
          .refine((text) => URL.canParse(text) && /^(nats|tls):\/\/[^/]/i.test(text)),
      )
      .default([]),
    value: "URL",
    help: "address of a NATS server of the cluster, such as nats://192.0.2.7:4222; repeatable: others are used when one fails",
    allows: "a URL that begins with nats:// or tls://",
    isList: true,
  },
  clusterName: {
    schema: z.string().trim().regex(NAME).default("sluice"),
    value: "NAME",
    help: "name of the cluster: the first word of its NATS subjects, so that several clusters can share a NATS server (default sluice)",
    allows: "up to 64 letters, digits, underscores, hyphens and dots",
  },
  nodeName: {
    schema: z.string().trim().regex(NAME).optional(),
    value: "NAME",
    help: "name of this node, which no other node of the cluster has (default: the host name)",
    allows: "up to 64 letters, digits, underscores, hyphens and dots",
  },
  clusterCredentials: {
    schema: z.string().min(1).optional(),
    value: "FILE",
    help: "NATS credentials file (.creds), or a file with USER:PASSWORD or a token (default: none)",
    allows: "a path to a file",
    isPath: true,
  },
  clusterCa: {
    schema: z.string().min(1).optional(),
    value: "FILE",
    help: "certificate in PEM that has signed the NATS server's; switches TLS on (default: those of the system)",
    allows: "a path to a PEM file",
    isPath: true,
    isExpert: true,
  },
  clusterCert: {
    schema: z.string().min(1).optional(),
    value: "FILE",
    help: "client certificate in PEM for the NATS server; requires --cluster-key (default: none)",
    allows: "a path to a PEM file",
    isPath: true,
    isExpert: true,
  },
  clusterKey: {
    schema: z.string().min(1).optional(),
    value: "FILE",
    help: "private key of --cluster-cert in PEM; requires --cluster-cert (default: none)",
    allows: "a path to a PEM file",
    isPath: true,
    isExpert: true,
  },
});
