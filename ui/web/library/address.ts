// Where an edge and its registry are, as far as a page can know; and what is wrong with an address, in a sentence for people.

import type { ConnectOptions } from "./api.js";

/** What the page's server may say of the addresses, in `/config.js`. */
interface Said {
  readonly wsDefaultUrl?: string;
  readonly cdnBaseUrl?: string;
}

const EDGE_PORT = 5003, CDN_PORT = 5008;
/** Where every CDN has the registry. */
export const REGISTRY_PATH = "/static/commands.json";
const SPACE = /^[a-z0-9-]{1,32}$/;

const said = (): Said => (globalThis as { APP_CONFIG?: Said }).APP_CONFIG ?? {};

/** The places that something came from over HTTP. */
export const served = (...urls: readonly (string | undefined)[]): readonly URL[] =>
  urls.filter(url => url !== undefined && /^https?:/.test(url)).map(url => new URL(url as string));

/** An address on the host that the page is from. A page from a file is at home where its library came from. */
function besides(scheme: "ws" | "http", port: number, script: string | undefined): string {
  const [home] = served(globalThis.location?.href, script);
  return `${scheme}${home?.protocol === "https:" ? "s" : ""}://${home?.hostname ?? "localhost"}:${port}`;
}

/** The edge that this page is for; `script` is where the library came from. */
export const defaultUrl = (script: string | undefined): string =>
  said().wsDefaultUrl || `${besides("ws", EDGE_PORT, script)}/`;

/** Where the registry may be, the likeliest first. */
export function registryUrls(script: string | undefined): readonly string[] {
  const { cdnBaseUrl } = said();
  if (cdnBaseUrl) return [`${cdnBaseUrl.replace(/\/+$/, "")}${REGISTRY_PATH}`];
  const origins = served(script, globalThis.location?.href).map(({ origin }) => origin);
  return [...new Set([...origins, besides("http", CDN_PORT, script)])].map(place => place + REGISTRY_PATH);
}

/** A WebSocket URL, or what was given for one and what is wrong with it. */
export interface Address {
  readonly url: string;
  readonly problem?: string;
}

/** The address of an edge with everything that goes into it, as a browser will take it. */
export function edgeAddress(given: string, { space, token }: Pick<ConnectOptions, "space" | "token">): Address {
  const text = given.trim();
  // A token may be in the query, and is not for eyes.
  const shown = text.replace(/\?.*/s, "");
  const bad = (problem: string): Address => ({ url: text, problem });
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    return bad(`"${shown}" is no WebSocket URL: it must begin with ws:// or wss://, such as ws://localhost:5003/.`);
  }
  if (!["ws", "wss", "http", "https"].includes(scheme)) {
    return bad(`"${shown}" begins with ${scheme}://: it must be ws:// or wss://.`);
  }
  let url: URL;
  try {
    url = new URL(text.replace(/^http/i, "ws"));
  } catch {
    return bad(`"${shown}" is no WebSocket URL: the host or the port cannot be. It must be like ws://localhost:5003/.`);
  }
  if (globalThis.location?.protocol === "https:" && url.protocol === "ws:" && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname)) {
    return bad(`This page came over https, so the browser does not let it use ${shown}: use a wss:// address.`);
  }
  if (space !== undefined) {
    if (!SPACE.test(space)) return bad(`"${space}" is no name of a space: it must be 1 to 32 of a-z, 0-9 and -.`);
    url.pathname = `${url.pathname.replace(/(\/spaces\/[^/]*)?\/*$/, "")}/spaces/${space}`;
  }
  if (token !== undefined) url.searchParams.set("token", token);
  url.hash = "";
  return { url: url.href };
}
