// What the LEDs do by themselves: for each LED a light of 0 to 1 at any time since the pattern began. The shapes and periods are those of
// the simulator's wearables, so that a phone among them looks like one of them.

/** LEDs of a wearable. */
export const LEDS = 6;

/** The patterns that the firmware has. */
export const PATTERNS = ["breathing", "heartbeat", "cycle", "spring", "solid", "off"] as const;

export type Pattern = (typeof PATTERNS)[number];

/** One breath, in and out. */
const BREATH_MS = 4_000;
/** One heartbeat: two pulses and a pause. */
const HEARTBEAT_MS = 1_000;
/** Once around the six LEDs. */
const ROUND_MS = 1_200;
/** Light of the LED behind the leading one of a cycle. */
const TAIL = 0.25;

/** By the name that the command has for it. */
export const parsePattern = (name: string): Pattern | undefined => PATTERNS.find(pattern => pattern === name);

/** A damped spring: `spring_param`. The mass is over 0. */
export interface Spring {
  readonly constant: number;
  readonly damping: number;
  readonly mass: number;
}

/** From the three bytes of the command: constant / 10, damping / 10, mass / 10 + 0.1. */
export function springOf([constant, damping, mass]: readonly [number, number, number]): Spring {
  return { constant: constant / 10, damping: damping / 10, mass: mass / 10 + 0.1 };
}

export const STOCK_SPRING = springOf([0x64, 0x14, 0x0a]);

/** The light of each LED. */
export function light(pattern: Pattern, sinceMs: number, spring: Spring): readonly number[] {
  switch (pattern) {
    case "breathing":
      return all(0.5 - 0.5 * wave(phase(sinceMs, BREATH_MS) + 0.25));
    case "heartbeat": {
      const at = phase(sinceMs, HEARTBEAT_MS);
      return all(Math.max(pulse(at, 0), 0.6 * pulse(at, 0.25)));
    }
    case "cycle":
      return cycle(phase(sinceMs, ROUND_MS));
    case "spring":
      return all(Math.min(Math.abs(swing(spring, sinceMs)), 1));
    case "solid":
      return all(1);
    case "off":
      return all(0);
  }
}

const all = (light: number): readonly number[] => Array<number>(LEDS).fill(light);

/** The sine of a phase in turns. */
const wave = (turns: number): number => Math.sin(2 * Math.PI * turns);

/** Where a period is, 0 to below 1. */
const phase = (sinceMs: number, periodMs: number): number => (sinceMs % periodMs) / periodMs;

/** Half a wave of a fifth of a period, from `start` on. */
function pulse(at: number, start: number): number {
  const long = 0.2;
  const into = at - start;
  return into >= 0 && into < long ? wave((into / long) * 0.5) : 0;
}

function cycle(at: number): readonly number[] {
  const leading = Math.floor(at * LEDS) % LEDS;
  return Array.from({ length: LEDS }, (_, led) => {
    const behind = (leading + LEDS - led) % LEDS;
    return behind === 0 ? 1 : behind === 1 ? TAIL : 0;
  });
}

/** How far out the weight is that was let go at 1. */
export function swing({ constant, damping, mass }: Spring, sinceMs: number): number {
  const time = sinceMs / 1_000;
  const fade = damping / (2 * mass);
  const stiff = constant / mass - fade * fade;
  if (stiff > 1e-9) {
    const turns = Math.sqrt(stiff);
    return Math.exp(-fade * time) * (Math.cos(turns * time) + (fade / turns) * Math.sin(turns * time));
  }
  if (stiff < -1e-9) {
    // Too damped to swing: it creeps back. Two falling exponentials, neither of which can overflow.
    const slow = Math.sqrt(-stiff);
    const share = fade / slow;
    return 0.5 * ((1 + share) * Math.exp((slow - fade) * time) + (1 - share) * Math.exp(-(slow + fade) * time));
  }
  return Math.exp(-fade * time) * (1 + fade * time);
}
