// Copies text to the clipboard, also on insecure pages (http from another machine).

/** Must be called from a click handler, as browsers require. @returns whether the text was copied */
export async function copyText(text: string): Promise<boolean> {
  try {
    // Despite its type, undefined on an insecure page.
    const clipboard: Clipboard | undefined = navigator.clipboard;
    if (clipboard === undefined) return copySelected(text);
    await clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

/** The old way that works everywhere: select the text in a hidden field. */
function copySelected(text: string): boolean {
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.readOnly = true;
  field.style.position = "fixed";
  field.style.opacity = "0";
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  try {
    field.select();
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    field.remove();
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  }
}
