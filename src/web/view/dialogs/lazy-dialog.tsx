// A dialog whose code is loaded when it is opened for the first time: most visitors never open it.

import { type ComponentType, useEffect, useState } from "react";
import { Dialog } from "./dialog.tsx";

type Content = ComponentType<{ readonly onClose: () => void }>;

type LazyProps = {
  /** Shown if the code cannot be loaded. */
  readonly title: string;
  readonly load: () => Promise<Content>;
  readonly onClose: () => void;
};

export function LazyDialog({ title, load, onClose }: LazyProps) {
  const [loaded, setLoaded] = useState<{ readonly Shown: Content | null } | null>(null);
  useEffect(() => {
    void load().then(
      (Shown) => setLoaded({ Shown }),
      () => setLoaded({ Shown: null }),
    );
  }, [load]);
  if (loaded === null) return null;
  if (loaded.Shown) return <loaded.Shown onClose={onClose} />;
  return (
    <Dialog title={title} onClose={onClose} className="is-small">
      <p>
        This part of the page could not be loaded. Check the server and your network, and try again.
      </p>
    </Dialog>
  );
}
