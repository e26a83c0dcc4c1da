// Selects the transport for answers, for all chats of this browser.

import { useState } from "react";
import { currentTransport, setTransport, type Transport } from "../../browser/transport.ts";

export function TransportField() {
  const [transport, show] = useState(currentTransport);
  return (
    <div className="field">
      <label htmlFor="transport">Connection</label>
      <select
        id="transport"
        aria-describedby="transport-help"
        value={transport}
        onChange={({ currentTarget }) => {
          const chosen = currentTarget.value as Transport; // one of the options below
          setTransport(chosen);
          show(chosen);
        }}
      >
        <option value="sse">Server-sent events</option>
        <option value="websocket">WebSocket</option>
      </select>
      <p id="transport-help" className="hint">
        How this browser receives answers. Applies to all chats, from the next answer on.
      </p>
    </div>
  );
}
