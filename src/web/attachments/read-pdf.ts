// The text of a PDF, page by page, by pdf.js in a worker. Loaded only when a PDF is attached.

import {
  GlobalWorkerOptions,
  getDocument,
  type PDFDocumentProxy,
} from "pdfjs-dist/legacy/build/pdf.mjs";
import workerUrl from "pdfjs-dist/legacy/build/pdf.worker.min.mjs?url";
import { FileProblem } from "./file-problem.ts";
import { cMapFiles } from "./pdf-character-maps.ts";
import type { ReadFileOptions } from "./read-file-options.ts";

const MAX_PAGES = 1000;
/** As for text files. Stops a small file that unpacks to an endless text. */
const MAX_CHARS = 5e6;

GlobalWorkerOptions.workerSrc = workerUrl;

/** @throws FileProblem, or the signal's reason */
export async function readPdf(
  data: ArrayBuffer,
  { signal, onProgress }: ReadFileOptions,
): Promise<string> {
  signal.throwIfAborted();
  const loading = getDocument({
    data,
    isEvalSupported: false, // the content security policy forbids it
    disableFontFace: true,
    useWorkerFetch: false,
    BinaryDataFactory: cMapFiles,
    cMapUrl: "/",
    verbosity: 0,
  });
  const stop = () => void loading.destroy();
  signal.addEventListener("abort", stop);
  try {
    const document = await loading.promise.catch((error: unknown) => {
      throw new FileProblem(reasonFor(error), error);
    });
    if (document.numPages > MAX_PAGES)
      throw new FileProblem(`it has ${document.numPages} pages. PDFs may have up to ${MAX_PAGES}.`);
    return await textOf(document, { signal, onProgress });
  } finally {
    signal.removeEventListener("abort", stop);
    await loading.destroy();
  }
}

async function textOf(
  document: PDFDocumentProxy,
  { signal, onProgress }: ReadFileOptions,
): Promise<string> {
  const pages: string[] = [];
  let chars = 0;
  for (let number = 1; number <= document.numPages; number++) {
    signal.throwIfAborted();
    onProgress({ done: number - 1, total: document.numPages });
    const page = await document.getPage(number);
    const { items } = await page.getTextContent();
    page.cleanup();
    const text = cleaned(
      items.map((item) => ("str" in item ? item.str + (item.hasEOL ? "\n" : "") : "")).join(""),
    );
    chars += text.length;
    if (chars > MAX_CHARS) throw new FileProblem("its text has more than 5 million characters.");
    if (text !== "") pages.push(`[Page ${number}]\n${text}`);
  }
  if (chars === 0)
    throw new FileProblem(
      "its pages have no text, only pictures, as in a scan. Text recognition (OCR) in another program adds text to it.",
    );
  return pages.join("\n\n");
}

/** Fonts with a wrong table give control characters and halves of surrogate pairs, which no model reads. */
function cleaned(text: string): string {
  return text
    .replace(/[^\P{Cc}\t\n]/gu, "")
    .toWellFormed()
    .trim();
}

function reasonFor(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  return name === "PasswordException"
    ? "it is protected by a password."
    : "it is damaged, or it is not a PDF.";
}
