// Where an edge and its registry are, as far as a page can know; and what is wrong with an address, in a sentence for people.

import type { ConnectOptions } from "./api.js";

/** What the page's server may say of the addresses, in `/config.js`. */
interface Said {
  readonly wsDefaultUrl?: string;
  readonly cdnBaseUrl?: string;
}

const EDGE_PORT = 5003, CDN_PORT = 5008;
const SPACE = /^[a-z0-9-]{1,32}$/;

const said = (): Said => (globalThis as { APP_CONFIG?: Said }).APP_CONFIG ?? {};
const isSecure = (): boolean => globalThis.location?.protocol === "https:";

/** An address on the host that this page is from; a page from a file is at home on this machine. */
const besides = (scheme: "ws" | "http", port: number): string =>
  `${scheme}${isSecure() ? "s" : ""}://${globalThis.location?.hostname || "localhost"}:${port}`;

/** The edge that this page is for. */
export const defaultUrl = (): string => said().wsDefaultUrl || `${besides("ws", EDGE_PORT)}/`;

/** Where the registry may be, the likeliest first; `script` is where the library came from. */
export function registryUrls(script: string | undefined): readonly string[] {
  const { cdnBaseUrl } = said();
  if (cdnBaseUrl) return [`${cdnBaseUrl.replace(/\/+$/, "")}${REGISTRY_PATH}`];
  const origins = [script, globalThis.location?.href].filter(url => url && /^https?:/.test(url)) as string[];
  const places = new Set([...origins.map(url => new URL(url).origin), besides("http", CDN_PORT)]);
  return [...places].map(place => place + REGISTRY_PATH);
}

export const REGISTRY_PATH = "/static/commands.json";

/** A WebSocket URL, or what was given for one and what is wrong with it. */
export interface Address {
  readonly url: string;
  readonly problem?: string;
}

/** The address of an edge with everything that goes into it, as a browser will take it. */
export function edgeAddress(
  given: string | undefined,
  { space, token }: Pick<ConnectOptions, "space" | "token">,
): Address {
  const text = (given ?? defaultUrl()).trim();
  const bad = (problem: string): Address => ({ url: text, problem });
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    return bad(`"${text}" is no WebSocket URL: it must begin with ws:// or wss://, such as ws://localhost:5003/.`);
  }
  if (!["ws", "wss", "http", "https"].includes(scheme)) {
    return bad(`"${text}" begins with ${scheme}://: it must be ws:// or wss://.`);
  }
  let url: URL;
  try {
    url = new URL(text.replace(/^http/i, "ws"));
  } catch {
    return bad(`"${text}" is no WebSocket URL: the host or the port cannot be. It must be like ws://localhost:5003/.`);
  }
  if (isSecure() && url.protocol === "ws:" && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname)) {
    return bad(`This page came over https, so the browser does not let it use ${url.href}: use a wss:// address.`);
  }
  if (space !== undefined) {
    if (!SPACE.test(space)) return bad(`"${space}" is no name of a space: it must be 1 to 32 of a-z, 0-9 and -.`);
    url.pathname = `${url.pathname.replace(/(\/spaces\/[^/]*)?\/*$/, "")}/spaces/${space}`;
  }
  if (token !== undefined) url.searchParams.set("token", token);
  url.hash = "";
  return { url: url.href };
}
