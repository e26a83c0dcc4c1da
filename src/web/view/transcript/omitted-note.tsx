// Marks the end of the turns that are no longer sent to the model.

import { useApp } from "../context.ts";

export function OmittedNote({ conversationId }: { readonly conversationId: string }) {
  const { store } = useApp();
  return (
    <p className="omitted-note">
      The messages above are no longer sent to the model, because the conversation was too long.{" "}
      <button type="button" className="link" onClick={() => store.restoreOmitted(conversationId)}>
        Include them again
      </button>
    </p>
  );
}
