// Where the page connects to, and more devices for it.

import { AddressForm } from "../../design/address-form";
import { Card } from "../../design/parts";
import { swarm, watching } from "./state";
import { PhoneCode, SwarmButton } from "./welcome";

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
