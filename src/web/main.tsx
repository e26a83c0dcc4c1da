// Entry of the chat page: creates the stores and renders the app.

import { createRoot } from "react-dom/client";
import { ApiKey } from "./browser/api-key.ts";
import { watchForUpdate } from "./browser/page-update.ts";
import { installServiceWorker } from "./browser/service-worker.ts";
import { currentTheme, setTheme } from "./browser/theme.ts";
import { ChatStore } from "./chat/chat-store.ts";
import { Drafts } from "./chat/drafts.ts";
import { PresetStore } from "./chat/preset-store.ts";
import { ServerStatus } from "./chat/server-status.ts";
import { ToolCalls } from "./chat/tool-calls.ts";
import { Server } from "./client/server.ts";
import { openStorage } from "./conversation/storage.ts";
import "./style/base.css";
import "./style/layout.css";
import "./style/sidebar.css";
import "./style/transcript.css";
import "./style/empty-chat.css";
import "./style/composer.css";
import "./style/attachments.css";
import "./style/shortcuts.css";
import "./style/dialogs.css";
import "./style/models.css";
import "./style/markdown.css";
import "./style/code-colours.css";
import "./style/tools.css";
import { CallRunner } from "./tools/call-runner.ts";
import { McpServers } from "./tools/mcp-servers.ts";
import { ToolBox } from "./tools/tool-box.ts";
import { App } from "./view/app.tsx";
import { AppContext } from "./view/context.ts";

setTheme(currentTheme());
watchForUpdate();
installServiceWorker();
const apiKey = new ApiKey();
const server = new Server(new URL("./", document.baseURI).href, () => apiKey.get());
const storage = await openStorage();
const presets = new PresetStore();
const tools = new ToolBox();
const mcp = new McpServers((id, listed) => tools.relist(id, listed));
const runner = new CallRunner(mcp);
const store = new ChatStore({
  server,
  storage,
  tools: () => tools.definitions(),
  newSettings: presets.newSettings,
});
const calls = new ToolCalls({ store, box: tools, runner });
const status = new ServerStatus(server);
const drafts = new Drafts();
store.subscribe(() => {
  const { hasLoaded, conversations } = store.get();
  if (hasLoaded) drafts.keepOnly(conversations);
});
void status.refresh();
void store.load();

const root = document.getElementById("page");
if (!root) throw new Error('index.html has no element with the id "page"');
createRoot(root).render(
  <AppContext value={{ store, drafts, presets, status, server, apiKey, tools, mcp, runner, calls }}>
    <App />
  </AppContext>,
);
