// Reads the text of an attached file, which is hostile: by its content, whatever its name says, and within limits.

import { decodeText } from "./decode-text.ts";
import { FileProblem } from "./file-problem.ts";
import type { ReadFileOptions } from "./read-file-options.ts";

const MAX_TEXT_BYTES = 5e6;
const MAX_PDF_BYTES = 50e6;
const ALLOWED = "Text files and PDFs can be attached";
/** A PDF may begin with other bytes, but not with more of them. */
const PDF_MARK_WITHIN = 1024;

/** @throws FileProblem with a message for the user, or the signal's reason */
export async function readFile(file: File, options: ReadFileOptions): Promise<string> {
  try {
    const text = await readText(file, options);
    if (text.trim() === "") throw new FileProblem("it has no text.");
    if (text.length > MAX_TEXT_BYTES)
      throw new FileProblem("its text has more than 5 million characters.");
    return text;
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof FileProblem) throw error;
    throw new FileProblem("the browser cannot read it. Folders cannot be attached.", error);
  }
}

async function readText(file: File, options: ReadFileOptions): Promise<string> {
  if (file.size > MAX_PDF_BYTES) throw tooLarge(file);
  const start = new Uint8Array(await file.slice(0, PDF_MARK_WITHIN).arrayBuffer());
  if (new TextDecoder("latin1").decode(start).includes("%PDF-")) {
    const { readPdf } = await import("./read-pdf.ts");
    return readPdf(await file.arrayBuffer(), options);
  }
  const isMedia = /^(image|audio|video)\//.test(file.type) && file.type !== "image/svg+xml";
  if (file.size > MAX_TEXT_BYTES && !isMedia) throw tooLarge(file);
  const decoded = isMedia ? { problem: "binary" } : decodeText(await file.arrayBuffer());
  if ("text" in decoded) return decoded.text;
  throw new FileProblem(reasonFor(file, decoded.problem));
}

function tooLarge({ size }: File): FileProblem {
  return new FileProblem(
    `it has ${Math.ceil(size / 1e6)} MB. Text files may have up to 5 MB, PDFs up to 50 MB.`,
  );
}

function reasonFor({ type }: File, problem: string): string {
  const [kind] = type.split("/");
  if (kind === "image") return `no loaded model takes images. ${ALLOWED}.`;
  if (kind === "audio" || kind === "video")
    return `no loaded model takes audio or video. ${ALLOWED}.`;
  return problem === "encoding"
    ? "its encoding is neither UTF-8 nor UTF-16. Save it as UTF-8 and attach it again."
    : `it is not text. ${ALLOWED}; save other documents as one of these.`;
}
