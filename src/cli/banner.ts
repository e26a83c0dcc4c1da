// The lines that the server prints when its model is loaded: its addresses, the model, and a request to paste.

import { networkInterfaces } from "node:os";
import type { Config } from "../config/config.ts";
import { requiresKey } from "../config/rules-between-settings.ts";
import { memoryText } from "../generation/memory-use.ts";
import type { ModelInfo } from "../generation/model-info.ts";
import type { Service } from "../service.ts";
import { slotsText } from "./text/slots-text.ts";

type BannerOptions = {
  /** As the service returns them. */
  readonly urls: readonly string[];
  readonly service: Pick<Service, "log" | "models">;
  readonly config: Config;
};

export function printBanner(model: ModelInfo, { urls, service, config }: BannerOptions): void {
  const id = service.models.resolve(null).id;
  const shown = urls.map((url) => reachable(url, config));
  if (config.logFormat === "json") {
    const { chatTemplate: _, ...facts } = model; // the template is longer than all other facts together
    service.log.info({ url: shown[0], model: id, ...facts }, "ready");
    return;
  }
  const needsKey = requiresKey(config);
  const web = shown.find((url) => url.startsWith("http"));
  const note = config.page ? " (open it in a browser to chat)" : "";
  console.log(
    [
      "",
      `sluice serves ${id} on ${describeDevice(model)}, ${describeContext(model)}`,
      ...shown.map((url) => `  at ${url}${url === web ? note : ""}`),
      "",
      ...(web ? [`OPENAI_BASE_URL=${web}/v1`] : []),
      `OPENAI_API_KEY=${needsKey ? "YOUR_KEY" : "none"}`,
      "",
      exampleRequest(model, { target: curlTarget(web ?? shown[0] ?? ""), id, needsKey }),
      "",
    ].join("\n"),
  );
}

/** What curl connects to: a Unix socket is no part of a URL. */
export function curlTarget(url: string): string {
  const [, socket] = /^unix:(.*)$/.exec(url) ?? [];
  if (socket !== undefined) return `--unix-socket ${socket} http://localhost`;
  return url.startsWith("http") ? url : "--unix-socket PATH http://localhost"; // an inherited socket, whose path is not known
}

function describeDevice({ device, deviceNote, ...model }: ModelInfo): string {
  const note = deviceNote ? ` (${deviceNote})` : "";
  const layers = model.gpuLayers > 0 ? `, ${model.gpuLayers} of ${model.totalLayers} layers` : "";
  return `${device}${note}${layers}, ${model.threads} thread${model.threads === 1 ? "" : "s"}`;
}

type ContextFacts = Pick<ModelInfo, "contextTokens" | "trainedContextTokens" | "slots" | "memory">;

/** Says how much memory the model takes, and how much context it could have where the server uses less. */
export function describeContext(model: ContextFacts): string {
  const { contextTokens, trainedContextTokens, slots } = model;
  const cost = `${memoryText(model.memory)} with the weights`;
  const context = `${contextTokens} tokens of context in ${slotsText(slots)} (${cost})`;
  if (trainedContextTokens <= contextTokens) return context;
  return `${context}; the model was trained for ${trainedContextTokens}: --context gives more`;
}

type Example = { readonly target: string; readonly id: string; readonly needsKey: boolean };

function exampleRequest({ chatTemplate }: ModelInfo, { target, id, needsKey }: Example): string {
  const question = "What is streaming?";
  const isChat = chatTemplate !== null;
  const input = isChat ? { messages: [{ role: "user", content: question }] } : { prompt: question };
  const body = JSON.stringify({
    model: id,
    ...input,
    max_tokens: 200,
    temperature: 0,
    stream: true,
  });
  const path = isChat ? "/v1/chat/completions" : "/v1/completions";
  const key = needsKey ? " -H 'authorization: Bearer YOUR_KEY'" : "";
  return `curl -N ${target}${path} -H 'content-type: application/json'${key} -d '${body}'`;
}

/** The address to paste on another machine. A certificate is for a host name, so HTTPS uses the first allowed one. */
export function reachable(
  url: string,
  { tlsCert, allowedHost }: Pick<Config, "tlsCert" | "allowedHost">,
): string {
  if (!url.startsWith("http")) return url; // a Unix socket
  const { protocol, hostname, port } = new URL(url);
  const name = allowedHost.find((each) => each !== "*");
  if (tlsCert !== undefined && name !== undefined) return `${protocol}//${name}:${port}`;
  if (hostname !== "0.0.0.0" && hostname !== "[::]") return url;
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const own = addresses.find(({ family, internal }) => family === "IPv4" && !internal);
  return `${protocol}//${own?.address ?? "127.0.0.1"}:${port}`;
}
