// The server and the space that a page is for: what a person typed, kept over reloads for each tab, and the address that comes of it.

import { computed } from "@preact/signals";
import { config } from "../design/config";
import { forTabFirst, remembered } from "../design/remembered";
import { type Address, edgeAddress } from "../library/address";

/** The address of the server as it was typed; empty is the one that this page came with. */
export const server = remembered("server", "", text => text, text => text || undefined, forTabFirst);
/** The space as it was typed; empty is the space that the address names, or `main`. */
export const space = remembered("space", "", text => text, text => text || undefined, forTabFirst);

// A link, such as the one in a QR code, can name them. It is taken over once, so that what is changed later stays changed.
const link = new URL(location.href);
for (const [name, value] of [["server", server], ["space", space]] as const) {
  const given = link.searchParams.get(name);
  if (given !== null) value.value = given.trim();
  link.searchParams.delete(name);
}
if (link.href !== location.href) history.replaceState(null, "", link);

/** The server as a person sees it. */
export const shownServer = computed(() => server.value || config.wsDefaultUrl);

/** Where a server and a space are, or a sentence on what is wrong with them. */
export const addressOf = (server: string, space: string): Address => edgeAddress(server, space === "" ? {} : { space });

export const address = computed(() => addressOf(shownServer.value, space.value));
/** Another of our pages, about the same server and space: at another origin it has a memory of its own. */
export function sameAt(base: string): string {
  const url = new URL(base);
  if (url.origin === location.origin) return base;
  url.searchParams.set("server", server.value);
  url.searchParams.set("space", space.value);
  return url.href;
}

/** Where the page connects to; nowhere while something is wrong with the address: the part of it that is right may be the space of others. */
export const edgeUrl = computed(() => (address.value.problem === undefined ? address.value.url : ""));
