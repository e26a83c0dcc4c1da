// Loads the models panel when it is opened for the first time: a file of its own, because few visitors need it.

import { type ComponentType, useEffect, useState } from "react";
import { Dialog } from "../dialogs/dialog.tsx";

type DialogProps = { readonly onClose: () => void };

export function LazyModelsDialog({ onClose }: DialogProps) {
  const [loaded, setLoaded] = useState<{ readonly Shown: ComponentType<DialogProps> } | null>(null);
  useEffect(() => {
    void import("./models-dialog.tsx").then(
      ({ ModelsDialog }) => setLoaded({ Shown: ModelsDialog }),
      () => setLoaded({ Shown: NotLoaded }),
    );
  }, []);
  return loaded && <loaded.Shown onClose={onClose} />;
}

function NotLoaded({ onClose }: DialogProps) {
  return (
    <Dialog title="Models" onClose={onClose} className="is-small">
      <p>
        This part of the page could not be loaded. Check the server and your network, and try again.
      </p>
    </Dialog>
  );
}
