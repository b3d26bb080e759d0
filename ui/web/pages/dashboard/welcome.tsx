// What to do when no device is there: start a swarm, make a phone one, point firmware here.

import { useSignal } from "@preact/signals";
import { renderSVG } from "uqr";
import { CertificateHint } from "../../design/address-form";
import { config } from "../../design/config";
import { Button, Notice } from "../../design/parts";
import { address, addressOf, server, space } from "../../store/server";
import { spaceOf } from "../../store/space-of";
import { watching } from "./state";
import { isAway, progress, running, startSwarm, stopSwarm, swarmProblem } from "./swarms";

/** Devices of a swarm that is started with one click. */
const A_FEW = 24;

/** The emulator with the server and the space of this page, as far as it would not find them by itself. */
function phoneUrl(base: string): string {
  const url = new URL(base);
  if (server.value !== "") url.searchParams.set("server", server.value);
  if (space.value !== "") url.searchParams.set("space", space.value);
  return url.href;
}

/** A code for phones, and the address as text. */
export function PhoneCode() {
  const place = useSignal(0);
  const urls = config.lanUrls.length > 0 ? config.lanUrls : config.qrUrl ? [config.qrUrl] : [];
  const base = urls[Math.min(place.value, urls.length - 1)];
  if (base === undefined) {
    return (
      <p>
        Only this machine reaches this server, so no phone can be one yet. Start it with <code>--set ui.emulator_listen=0.0.0.0:5007</code> and{" "}
        <code>--listen 0.0.0.0:5003</code>, and a code for phones is here.
      </p>
    );
  }
  const url = phoneUrl(base);
  const image = `data:image/svg+xml,${encodeURIComponent(renderSVG(url, { border: 2, ecc: "M" }))}`;
  return (
    <div class="code stack tight">
      <p>Scan the code with a phone in the same network: it becomes a device.</p>
      <img src={image} alt={`QR code of ${url}`} width="176" height="176" />
      <a class="mono small" href={url} target="_blank" rel="noreferrer">{url}</a>
      {urls.length > 1 && (
        <label class="small">
          This machine's address in the phone's network
          <select class="input" value={place.value} onInput={event => (place.value = Number(event.currentTarget.value))}>
            {urls.map((one, index) => <option key={one} value={index}>{new URL(one).hostname}</option>)}
          </select>
        </label>
      )}
      {base.startsWith("http:") && (
        <p class="quiet small">A phone gives its motion to https pages alone: start with <code>--tls</code> for that. Without, there is a cube to turn.</p>
      )}
    </div>
  );
}

/** Where firmware connects to, in this page's space; `undefined` when nobody but this machine could. Firmware speaks no TLS. */
function deviceUrl(): string | undefined {
  const { url, problem } = address.value;
  if (problem !== undefined) return undefined;
  if (server.value !== "") return url.startsWith("ws:") ? url : undefined;
  const named = spaceOf(url);
  return config.deviceUrl && addressOf(config.deviceUrl, named === "main" ? "" : named).url;
}

/** Starts and stops a swarm of this page. `first` when it is what the page is about. */
export function SwarmButton({ first = false }: { first?: boolean }) {
  const state = progress.value;
  return (
    <div class="stack tight">
      <div class="row">
        {running.value === undefined
          ? <Button first={first} onClick={() => void startSwarm(A_FEW)} aria-disabled={state === "starting"}>{state === "starting" ? "Starting …" : `Start ${A_FEW} simulated devices`}</Button>
          : <Button onClick={() => void stopSwarm()} aria-disabled={state === "stopping"}>{state === "stopping" ? "Stopping …" : "Stop the simulated devices"}</Button>}
      </div>
      {running.value !== undefined && <p class="quiet small" role="status">The swarm “{running.value}” was started.</p>}
      {swarmProblem.value && (
        <Notice kind="bad" onDismiss={() => (swarmProblem.value = undefined)}>
          <div class="stack tight">
            <p>{swarmProblem.value}</p>
            {isAway.value && <CertificateHint url={config.simulatorBaseUrl} />}
          </div>
        </Notice>
      )}
    </div>
  );
}

export function Welcome() {
  return (
    <div class="welcome stack">
      <p class="lead">
        {watching.state.value === "disconnected" ? "Not connected, so no device can be seen." : "No device is there. Three ways to have some:"}
      </p>
      <ol class="ways">
        <li class="stack tight">
          <h3>Here and now</h3>
          <p>A swarm of simulated wearables that dance, obey commands and light up.</p>
          <SwarmButton first />
        </li>
        <li class="stack tight">
          <h3>A phone</h3>
          <PhoneCode />
        </li>
        <li class="stack tight">
          <h3>A wearable</h3>
          {deviceUrl()
            ? <p>Point its firmware at <code class="address">{deviceUrl()}</code></p>
            : <p>Firmware needs a plain <code>ws://</code> address that it reaches: start the edge with <code>--listen 0.0.0.0:5003</code>, and point it there.</p>}
          <p class="quiet small">A group that shares a server has a space of its own: <code>/spaces/blue</code> behind that.</p>
        </li>
      </ol>
    </div>
  );
}
