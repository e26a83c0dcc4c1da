// What may be downloaded: a short name of the catalog, a quantization on the hub, or an address. For the command and for pulls
// of the server.

import { DownloadError } from "./download-network.ts";
import { findShortName, nearestShortNames } from "./short-names.ts";

/** An error repeats a wrong name up to this length. */
const LONGEST_SHOWN = 100;
/** The spellings of the hub's scheme: the same model has to have one URI. */
const HUB = /^(hf|huggingface):(\/\/)?(?=[^/\s:]+\/[^/\s])/;

/**
 * An address may be one of the server's own network, so only a key with scope admin may have a server download.
 *
 * @param model a short name, `hf:user/repo:quant`, or an http(s) address
 * @returns `hf:...` or the address
 * @throws DownloadError in one line
 */
export function modelUri(model: string): string {
  if (HUB.test(model) && !/[\s\0]/.test(model)) return model.replace(HUB, "hf:");
  if (/^https?:\/\//i.test(model) && URL.canParse(model)) return model;
  const known = findShortName(model);
  if (known) return known.uri;
  const nearest = nearestShortNames(model);
  const shown = JSON.stringify(model.slice(0, LONGEST_SHOWN).toWellFormed());
  throw new DownloadError(
    `${shown} is neither a short name, hf:user/repo:quant nor an http(s) address${nearest.length > 0 ? `; the nearest short names: ${nearest.join(", ")}` : ""}`,
  );
}
