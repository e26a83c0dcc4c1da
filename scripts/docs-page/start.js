// Starts Swagger UI. All files are from this server, and the page makes no request to any other host.

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

window.SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  deepLinking: true,
  defaultModelRendering: "model", // the fields with their descriptions, not an example
  defaultModelExpandDepth: 2,
  defaultModelsExpandDepth: -1, // each operation shows its schemas
  validatorUrl: null, // a service on the internet
});
