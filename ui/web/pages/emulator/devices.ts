// The devices of this page, which of them is in focus, and the server that they are on. What a person chose is still there after a reload.

import { computed, effect, signal, untracked } from "@preact/signals";
import { remembered } from "../../design/remembered";
import { anyId, parseId } from "../../device/id";
import { address } from "../../store/server";
import { Online } from "./online";

/** Devices on one page at most: browsers allow few connections to a host. */
export const MOST_DEVICES = 16;

const ids = remembered<readonly string[]>("emulator.ids", [], readIds, ids => ids.join(" "));

function readIds(text: string): readonly string[] | undefined {
  const ids = new Set(text.split(" ").map(parseId).filter(id => id !== undefined));
  return ids.size > 0 ? [...ids].slice(0, MOST_DEVICES) : undefined;
}

export const devices = signal<readonly Online[]>([]);
const place = signal(0);

/** The device that sensors, keys and buttons are for. */
export const focused = computed(() => {
  const device = devices.value[Math.min(place.value, devices.value.length - 1)];
  if (!device) throw new Error("a page without a device");
  return device;
});

export const focus = (device: Online): void => void (place.value = Math.max(0, devices.value.indexOf(device)));

/** Without a gesture on the page, or without a motor, this does nothing; the page shows it in any case. */
const vibrate = (durationMs: number) => void navigator.vibrate?.(durationMs);

/** One more device, in focus. */
export function add(id = anyId(devices.value.map(device => device.id.value))): void {
  if (devices.value.length >= MOST_DEVICES) return;
  const device = new Online(id, vibrate);
  devices.value = [...devices.value, device];
  if (address.value.problem === undefined) device.connect(address.value.url);
  focus(device);
}

/** Takes a device away; the last one stays. */
export function remove(device: Online): void {
  if (devices.value.length < 2) return;
  const at = devices.value.indexOf(device);
  device.close();
  devices.value = devices.value.filter(other => other !== device);
  place.value = Math.min(Math.max(0, at > place.value ? place.value : place.value - (at < place.value ? 1 : 0)), devices.value.length - 1);
}

/** Gives a device the id that was typed, or says what is wrong with it. */
export function rename(device: Online, text: string): string | undefined {
  const id = parseId(text);
  if (id === undefined) return "An id is 4 hex digits: 0 to 9 and a to f, such as 1a2b.";
  if (devices.value.some(other => other !== device && other.id.value === id)) return `Another device of this page is ${id} already.`;
  if (id !== device.id.value) device.rename(id);
  return undefined;
}

/** An id that no device of this page has. */
export const takeAnother = (device: Online): void => device.rename(anyId(devices.value.map(other => other.id.value)));

/** Brings the devices of last time back, and connects them. */
export function startDevices(): void {
  for (const id of ids.value.length > 0 ? ids.value : [anyId()]) add(id);
  place.value = 0;
  effect(() => {
    ids.value = devices.value.map(device => device.id.value);
  });
  let first = true;
  effect(() => {
    const { url, problem } = address.value;
    // Devices connect as they are added; this is for a server that changes under them.
    if (!first) untracked(() => devices.value.forEach(device => (problem === undefined ? device.connect(url) : device.close())));
    first = false;
  });
}
