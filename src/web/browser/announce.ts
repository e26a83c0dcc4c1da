// Says a short text to screen readers, through one live region for the whole page.

const CLASS = "announcement";

export function announce(text: string): void {
  // Everything outside a modal dialog is inert, and not announced.
  const place = document.querySelector("dialog[open]") ?? document.body;
  const region = place.querySelector(`:scope > .${CLASS}`) ?? addRegion(place);
  region.textContent = "";
  // A change is announced, and so is the same text again, but not the text that a new region begins with.
  setTimeout(() => {
    region.textContent = text;
  }, 50);
}

function addRegion(place: Element): Element {
  const region = document.createElement("div");
  region.className = `${CLASS} visually-hidden`;
  region.setAttribute("role", "status");
  place.append(region);
  return region;
}
