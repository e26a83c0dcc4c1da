// Installs the service worker, with which the page opens without the server. Browsers have it on localhost and over HTTPS; elsewhere
// the page works without.

/** Does nothing while the page is developed, when its files change all the time. */
export function installServiceWorker(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  if (document.readyState === "complete") install();
  else addEventListener("load", install); // after the page's own files
}

/** A browser that refuses it, as some do in private windows, shows the page as before. */
function install(): void {
  const options = { updateViaCache: "none" } as const;
  navigator.serviceWorker.register("./service-worker.js", options).catch(() => {});
}
