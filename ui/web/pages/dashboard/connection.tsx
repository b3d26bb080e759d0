// Where the page connects to, how that goes, and more devices for it.

import { AddressForm, CertificateHint } from "../../design/address-form";
import { Button, Card, Notice } from "../../design/parts";
import { address, server, shownServer } from "../../store/server";
import { swarm, url, watching } from "./state";
import { PhoneCode, SwarmButton } from "./welcome";

/** What keeps the page from being connected, at its top. */
export function Trouble() {
  const problem = address.value.problem ?? watching.problem.value;
  if (problem === undefined || watching.state.value !== "disconnected") return null;
  const isWrong = address.value.problem !== undefined;
  return (
    <Notice kind="bad">
      <div class="stack tight">
        <p>{problem} {isWrong ? "Change it under “Connection”." : "It is tried again by itself; what you typed stays."}</p>
        {!isWrong && <CertificateHint url={url.value} />}
        <div class="row">
          {!isWrong && <Button onClick={() => watching.again()}>Try now</Button>}
          {server.value !== "" && <Button onClick={() => (server.value = "")}>Back to {shownServer.value === server.value ? "this page's own server" : shownServer.value}</Button>}
        </div>
      </div>
    </Notice>
  );
}

export function Connection() {
  return (
    <Card title="Connection">
      <AddressForm onSame={() => watching.again()} />
    </Card>
  );
}

/** How to get more devices, once there are some. */
export function More() {
  if (swarm.ids.value.length === 0) return null;
  return (
    <Card title="More devices">
      <SwarmButton />
      <details>
        <summary>A phone</summary>
        <PhoneCode />
      </details>
    </Card>
  );
}
