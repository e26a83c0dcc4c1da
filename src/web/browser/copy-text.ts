// Puts a text on the clipboard, also on a page that a browser does not trust (http from another machine).

/** Whether it could be copied. Called in the answer to a click: browsers ask for that. */
export async function copyText(text: string): Promise<boolean> {
  try {
    // Not there on an untrusted page, whatever its type says.
    const clipboard: Clipboard | undefined = navigator.clipboard;
    if (clipboard === undefined) return copySelected(text);
    await clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

/** The old way, which works everywhere: a hidden field, selected. */
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
