// Where one is on the page, as the address says it after its `#`: what is reloaded, bookmarked or sent to somebody is the same place. Pure.

export type Route =
  | { readonly at: "system"; readonly find: string }
  | { readonly at: "space"; readonly space: string }
  | { readonly at: "device"; readonly space: string; readonly device: string }
  | { readonly at: "node"; readonly node: string }
  | { readonly at: "tap"; readonly subject: string; readonly device: string };

/** The part of an address that is no percent sign gone wrong. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Where an address leads; to the whole when it is none of ours. */
export function routeOf(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const [first, second, third, fourth] = path.split("/").map(decoded);
  const asked = new URLSearchParams(query);
  if (first === "spaces" && second && third === "devices" && fourth) return { at: "device", space: second, device: fourth.toLowerCase() };
  if (first === "spaces" && second && third === undefined) return { at: "space", space: second };
  if (first === "nodes" && second && third === undefined) return { at: "node", node: second };
  if (first === "tap") return { at: "tap", subject: asked.get("subject") ?? "", device: asked.get("device") ?? "" };
  return { at: "system", find: asked.get("find") ?? "" };
}

/** A query with what is not empty. */
function query(asked: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== "")).toString();
  return text === "" ? "" : `?${text}`;
}

/** The address of a place. */
export function hashOf(route: Route): string {
  switch (route.at) {
    case "system": return `#/${query({ find: route.find })}`;
    case "space": return `#/spaces/${encodeURIComponent(route.space)}`;
    case "device": return `#/spaces/${encodeURIComponent(route.space)}/devices/${encodeURIComponent(route.device)}`;
    case "node": return `#/nodes/${encodeURIComponent(route.node)}`;
    case "tap": return `#/tap${query({ subject: route.subject, device: route.device })}`;
  }
}

/** Links to places, for the texts that name them. */
export const toSpace = (space: string): string => hashOf({ at: "space", space });
export const toDevice = (space: string, device: string): string => hashOf({ at: "device", space, device });
export const toNode = (node: string): string => hashOf({ at: "node", node });
export const toTap = (subject: string, device = ""): string => hashOf({ at: "tap", subject, device });
