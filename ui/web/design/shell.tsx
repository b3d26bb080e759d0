// What is around every page: its name, the way to the others, whether it is live, light or dark.

import "./tokens.css";
import "./base.css";
import "./parts.css";
import type { ComponentChildren } from "preact";
import { config } from "./config";
import { Halves, Mark, Moon, Sun } from "./icons";
import { type Theme, theme } from "./theme";

/** The pages that there are, in the order of the menu. The hub has each of them under /apps/. */
const PAGES = [
  { name: "dashboard", label: "Dashboard", href: `${config.appsBaseUrl}/` },
  { name: "control", label: "Device control", href: `${config.appsBaseUrl}/apps/control/` },
  { name: "emulator", label: "Device emulator", href: `${config.appsBaseUrl}/apps/emulator/` },
  { name: "simulator", label: "Simulator", href: `${config.appsBaseUrl}/apps/simulator/` },
  { name: "monitor", label: "Monitor", href: `${config.appsBaseUrl}/apps/monitor/` },
  { name: "docs", label: "Documentation", href: config.docsUrl },
] as const;

export type PageName = (typeof PAGES)[number]["name"];

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

function ThemeButton() {
  const now = theme.value;
  return (
    <button
      type="button"
      class="button icon"
      aria-label={`Colours: ${now}. Change to ${NEXT[now]}`}
      title={`Colours: ${now}`}
      onClick={() => (theme.value = NEXT[now])}
    >
      {now === "system" ? <Halves /> : now === "light" ? <Sun /> : <Moon />}
    </button>
  );
}

/** Those that are about a server and a space. */
const ABOUT: readonly PageName[] = ["dashboard", "control", "emulator"];

/** The page around its content. `live` is its badge; `sameAt` leads to another page that is about the same as this one. */
export function Shell(props: { page: PageName; live: ComponentChildren; sameAt?: (href: string) => string; children: ComponentChildren }) {
  const { sameAt = href => href } = props;
  return (
    <div class="shell">
      <a class="skip" href="#content">To the content</a>
      <header class="top">
        <span class="brand">
          <Mark />
          <h1>GroupLoop</h1>
        </span>
        <nav aria-label="Pages">
          <ul>
            {PAGES.map(({ name, label, href }) => (
              <li key={name}>
                <a href={ABOUT.includes(name) ? sameAt(href) : href} aria-current={name === props.page ? "page" : undefined}>{label}</a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="end">
          {props.live}
          <ThemeButton />
        </div>
      </header>
      <main class="page" id="content" tabIndex={-1}>{props.children}</main>
    </div>
  );
}
