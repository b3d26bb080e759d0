// The few drawings that the pages share. They take the colour of the text around them and mean nothing to ears.

import type { ComponentChildren } from "preact";

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      {children}
    </svg>
  );
}

/** Six lights in a ring. */
export const Mark = () => (
  <svg viewBox="0 0 24 24" aria-hidden="true">
    <circle cx="12" cy="12" r="8" fill="none" stroke="currentColor" stroke-opacity="0.35" stroke-width="1.5" />
    {[0, 60, 120, 180, 240, 300].map((degrees, place) => (
      <circle
        key={degrees}
        cx={12 + 8 * Math.sin((degrees * Math.PI) / 180)}
        cy={12 - 8 * Math.cos((degrees * Math.PI) / 180)}
        r={place === 0 ? 3.2 : 2.2}
        fill={place === 0 ? "var(--accent)" : "currentColor"}
      />
    ))}
  </svg>
);

export const Sun = () => (
  <Icon>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4" />
  </Icon>
);

export const Moon = () => (
  <Icon>
    <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z" />
  </Icon>
);

/** Half light, half dark. */
export const Halves = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 3.5a8.5 8.5 0 0 1 0 17z" fill="currentColor" />
  </Icon>
);

export const Cross = () => (
  <Icon>
    <path d="M6 6l12 12M18 6L6 18" />
  </Icon>
);
