// Where the device is: a spot on the floor, with a beacon in each corner.

import { useRef } from "preact/hooks";
import { Card } from "../../design/parts";
import { FLOOR, type Spot, beaconBytes, dbm } from "../../device/reading";
import { focused } from "./devices";
import { useFrames } from "./frames";

const CORNERS = ["NW", "NE", "SE", "SW"] as const;
/** An arrow key goes half a metre; with the shift key, two. */
const STEP_M = 0.5;

const within = (share: number) => Math.min(1, Math.max(0, share));

const go = ({ x, y }: Spot) => {
  focused.peek().body.spot = { x: within(x), y: within(y) };
};

const KEYS: Record<string, readonly [east: number, south: number]> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function Floor() {
  const pad = useRef<HTMLDivElement>(null);
  const words = useRef<HTMLParagraphElement>(null);
  const shown = useRef("");
  useFrames(pad, element => {
    const { spot } = focused.peek().body;
    const key = `${spot.x} ${spot.y}`;
    if (key === shown.current) return;
    shown.current = key;
    const [dot, ...corners] = element.children as unknown as HTMLElement[];
    Object.assign(dot!.style, { left: `${spot.x * 100}%`, top: `${spot.y * 100}%` });
    const readings = beaconBytes(spot);
    corners.forEach((corner, place) => (corner.lastElementChild!.textContent = `${dbm(readings[place]!)} dBm`));
    const [east, south] = [(spot.x * FLOOR.widthM).toFixed(1), (spot.y * FLOOR.depthM).toFixed(1)];
    if (words.current) words.current.textContent = `${east} m east, ${south} m south of the north-west corner`;
  });
  const follow = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const around = event.currentTarget.getBoundingClientRect();
    go({ x: (event.clientX - around.x) / around.width, y: (event.clientY - around.y) / around.height });
  };
  return (
    <Card title="Place">
      <div
        class="floor"
        ref={pad}
        role="application"
        tabIndex={0}
        aria-label="Floor: the arrow keys move the device"
        aria-describedby="floor-words"
        onKeyDown={event => {
          const step = KEYS[event.key];
          if (!step) return;
          event.preventDefault();
          const metres = STEP_M * (event.shiftKey ? 4 : 1);
          const { spot } = focused.peek().body;
          go({ x: spot.x + (step[0] * metres) / FLOOR.widthM, y: spot.y + (step[1] * metres) / FLOOR.depthM });
        }}
        onPointerDown={event => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          follow(event);
        }}
        onPointerMove={event => event.currentTarget.hasPointerCapture(event.pointerId) && follow(event)}
      >
        <span class="dot" aria-hidden="true" />
        {CORNERS.map(corner => (
          <span key={corner} class={`corner ${corner}`}>
            {corner} <span class="mono" />
          </span>
        ))}
      </div>
      <p id="floor-words" class="quiet small" ref={words} />
    </Card>
  );
}
