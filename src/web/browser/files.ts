// Saves and opens files.

export function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000); // by then the browser has started saving
}

/** @returns none if the user cancels */
export function chooseFiles(
  options: Partial<Pick<HTMLInputElement, "accept" | "multiple">>,
): Promise<readonly File[]> {
  return new Promise((resolve) => {
    const input = document.createElement("input");
    Object.assign(input, { type: "file", ...options });
    input.addEventListener("cancel", () => resolve([]));
    input.addEventListener("change", () => resolve([...(input.files ?? [])]));
    input.click();
  });
}

/** @returns the text of the chosen file; null if the user cancels */
export async function chooseFile(accept: string): Promise<string | null> {
  const [file] = await chooseFiles({ accept });
  return file?.text() ?? null;
}
