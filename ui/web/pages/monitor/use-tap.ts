// A tap that is open while its place is on the page and the page is in view: the monitor has few of them.

import { useSignal, useSignalEffect } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { isSeen } from "../../design/seen";
import { base } from "./state";
import { Tap } from "./tap";

/** Listens while `isOn`; nothing is listened to without a subject. */
export function useTap(subject: string, device: string, isOn: boolean): Tap {
  const tap = useMemo(() => new Tap(base), []);
  const asked = useSignal({ subject, device, isOn });
  if (asked.peek().subject !== subject || asked.peek().device !== device || asked.peek().isOn !== isOn) asked.value = { subject, device, isOn };
  useSignalEffect(() => {
    const { subject, device, isOn } = asked.value;
    if (subject === "" || !isOn || !isSeen.value) return undefined;
    tap.open(subject, device);
    return () => tap.close();
  });
  return tap;
}
