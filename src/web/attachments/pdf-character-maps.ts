// The character maps that Chinese, Japanese and Korean PDFs refer to by name. Each is a file of the build, loaded when needed.

const addresses = import.meta.glob<string>("../../../node_modules/pdfjs-dist/cmaps/*.bcmap", {
  query: "?url",
  import: "default",
  eager: true,
});

/** pdf.js creates one to read its data files. It reads only files of the build. */
export const cMapFiles = class {
  /** @throws Error if there is no such file, so that pdf.js goes on without it */
  async fetch({ filename }: { readonly filename: string }): Promise<Uint8Array> {
    const address = addresses[`../../../node_modules/pdfjs-dist/cmaps/${filename}`];
    if (address === undefined) throw new Error(`no file ${filename}`);
    const response = await fetch(address);
    if (!response.ok) throw new Error(`status ${response.status} for ${filename}`);
    return new Uint8Array(await response.arrayBuffer());
  }
};
