// What the server says of itself in /config.js, and what follows from the page's own address where it says nothing.

/** What `/config.js` defines. Pages of other people read the first three keys. */
export interface AppConfig {
  readonly wsDefaultUrl?: string;
  readonly cdnBaseUrl?: string;
  readonly appsBaseUrl?: string;
  readonly simulatorBaseUrl?: string;
  readonly emulatorUrl?: string;
  readonly monitorUrl?: string;
  readonly docsUrl?: string;
  /** The emulator as a phone in the same network reaches it; empty when none can. */
  readonly qrUrl?: string;
  /** The same under each address of the machine. */
  readonly lanUrls?: readonly string[];
  /** Where firmware connects to; empty when none can. */
  readonly deviceUrl?: string;
  readonly version?: string;
}

declare global {
  interface Window {
    APP_CONFIG?: AppConfig;
  }
}

const secure = location.protocol === "https:";

/** An address on the host that this page is from, at another port. A page from a file is at home on this machine. */
const besides = (scheme: "ws" | "http", port: number): string =>
  `${scheme}${secure ? "s" : ""}://${location.hostname || "localhost"}:${port}`;

const said = window.APP_CONFIG ?? {};

/** Where everything is, seen from this page. Addresses of services end without a slash. */
export const config = {
  wsDefaultUrl: said.wsDefaultUrl || `${besides("ws", 5003)}/`,
  cdnBaseUrl: said.cdnBaseUrl || besides("http", 5008),
  appsBaseUrl: said.appsBaseUrl || besides("http", 5004),
  simulatorBaseUrl: said.simulatorBaseUrl || besides("http", 5005),
  emulatorUrl: said.emulatorUrl || `${besides("http", 5007)}/`,
  monitorUrl: said.monitorUrl || `${besides("http", 5010)}/`,
  docsUrl: said.docsUrl || `${besides("http", 5006)}/`,
  qrUrl: said.qrUrl ?? "",
  lanUrls: said.lanUrls ?? [],
  deviceUrl: said.deviceUrl ?? "",
  version: said.version ?? "",
} as const;
