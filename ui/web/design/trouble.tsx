// What keeps a page from being connected, at its top, and what can be done about it.

import { address, server, shownServer } from "../store/server";
import type { Watching } from "../store/watching";
import { CertificateHint } from "./address-form";
import { Button, Notice } from "./parts";

export function Trouble({ watching }: { watching: Watching }) {
  const problem = address.value.problem ?? watching.problem.value;
  if (problem === undefined || watching.state.value !== "disconnected") return null;
  const isWrong = address.value.problem !== undefined;
  return (
    <Notice kind="bad">
      <div class="stack tight">
        <p>{problem} {isWrong ? "Change it under “Connection”." : "It is tried again by itself; what you typed stays."}</p>
        {!isWrong && <CertificateHint url={address.value.url} />}
        <div class="row">
          {!isWrong && <Button onClick={() => watching.again()}>Try now</Button>}
          {server.value !== "" && <Button onClick={() => (server.value = "")}>Back to {shownServer.value === server.value ? "this page's own server" : shownServer.value}</Button>}
        </div>
      </div>
    </Notice>
  );
}
