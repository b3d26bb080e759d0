// The way to the other apps: ours, and those that people put into the folder of apps.

import { signal } from "@preact/signals";
import { config } from "../../design/config";
import { Button, Card, Dialog } from "../../design/parts";

/** An app of the hub's folder, as `/api/apps` tells it. */
export interface App {
  readonly name: string;
  readonly title: string;
  readonly url: string;
  readonly description: string;
  /** Made safe by the server: neither scripts nor raw HTML. */
  readonly readme_html?: string;
}

const apps = signal<readonly App[]>([]);
const problem = signal<string | undefined>(undefined);
const read = signal<App | undefined>(undefined);

/** Asks the hub which apps there are: this page is on it, whatever its name may be. */
export async function loadApps(): Promise<void> {
  try {
    const response = await fetch("/api/apps");
    if (!response.ok) throw new Error(`the hub answers ${response.status}`);
    apps.value = (await response.json()) as readonly App[];
    problem.value = undefined;
  } catch (error) {
    problem.value = `The list of apps does not load: ${(error as Error).message}.`;
  }
}

const OURS = [
  { title: "Device emulator", url: config.emulatorUrl, description: "Turns a phone, or this screen, into a device: motion, taps, lights, vibration." },
  { title: "Simulator", url: `${config.simulatorBaseUrl}/`, description: "Swarms of thousands of virtual devices, for tests and for rooms that are still empty." },
  { title: "Libraries and firmware", url: `${config.cdnBaseUrl}/`, description: "What the CDN has: grouploop.js, the Hitloop classes, p5.js, firmware, the command registry." },
  { title: "Documentation", url: config.docsUrl, description: "The protocol, the libraries, and how to write an app." },
];

/** A README below the heading of a dialog: its headings are two levels deeper. The hub writes them without attributes. */
export const below = (html: string): string =>
  html.replace(/<(\/?)h([1-6])>/g, (_, slash: string, level: string) => `<${slash}h${Math.min(6, Number(level) + 2)}>`);

function AppCard({ app }: { app: App }) {
  return (
    <li class="app">
      <h3><a href={app.url}>{app.title}</a></h3>
      {app.description && <p class="small">{app.description}</p>}
      {app.readme_html && <div><Button onClick={() => (read.value = app)}>Read more <span class="unseen">about {app.title}</span></Button></div>}
    </li>
  );
}

export function Apps() {
  const shown = read.value;
  return (
    <Card title="Apps" class="apps">
      <ul class="app-list">
        {OURS.map(app => (
          <li class="app" key={app.url}>
            <h3><a href={app.url}>{app.title}</a></h3>
            <p class="small">{app.description}</p>
          </li>
        ))}
        {apps.value.map(app => <AppCard key={app.name} app={app} />)}
      </ul>
      {problem.value
        ? <p class="quiet small">{problem.value}</p>
        : apps.value.length === 0 && (
          <p class="quiet small">
            An app of your own: put a folder with an <code>index.html</code>, and a <code>README.md</code> if you like, into the folder of apps (<code>data/apps</code>, or what <code>ui.apps</code> says) and reload.
          </p>
        )}
      <Dialog title={shown?.title ?? ""} open={shown !== undefined} onClose={() => (read.value = undefined)}>
        {shown?.readme_html && <div class="readme" dangerouslySetInnerHTML={{ __html: below(shown.readme_html) }} />}
        {shown && <div><a class="button first" href={shown.url}>Open {shown.title}</a></div>}
      </Dialog>
    </Card>
  );
}
