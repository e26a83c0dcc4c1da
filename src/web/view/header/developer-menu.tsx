// What only developers need: the request as code, streamed against buffered, and the documentation of the API.

import { useOpen } from "../context.ts";
import { Menu } from "../menu.tsx";

export function DeveloperMenu() {
  const open = useOpen();
  return (
    <Menu
      label="Developer tools"
      icon="code"
      entries={[
        { name: "Show request", run: () => open("code") },
        { name: "Compare streamed and buffered", run: () => open("compare") },
        { name: "API documentation", href: "./docs" },
      ]}
    />
  );
}
