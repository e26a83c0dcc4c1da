// Where the part of a conversation ends that is no longer sent.

import { useApp } from "../context.ts";

export function OmittedNote({ conversationId }: { readonly conversationId: string }) {
  const { store } = useApp();
  return (
    <p className="omitted-note">
      What stands above is not sent any more: with it the conversation did not fit.{" "}
      <button type="button" className="link" onClick={() => store.bringBackOldest(conversationId)}>
        Send it again
      </button>
    </p>
  );
}
