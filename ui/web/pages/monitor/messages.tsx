// Messages that a tap heard, the newest on top.

import { bytes, whole } from "../../design/words";
import type { Heard, Tap } from "./tap";

/** Lines of a message that are shown until somebody asks for all. */
const FEW = 3;

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });

function Message({ message: { at, subject, bytes: size, text, cut }, isOne }: { message: Heard; isOne: boolean }) {
  const lines = text.replace(/\n$/, "").split("\n");
  const more = lines.slice(FEW);
  return (
    <li>
      <span class="about small quiet">
        <time dateTime={new Date(at).toISOString()} class="mono">{clock.format(at)}</time>
        <span>{bytes(size)}</span>
      </span>
      <div class="said-there">
        {!isOne && <span class="mono small quiet">{subject}</span>}
        <code class="text">{text === "" ? "(nothing)" : lines.slice(0, FEW).join("\n")}</code>
        {more.length > 0 && (
          <details>
            <summary class="small">{whole(more.length)} more {more.length === 1 ? "line" : "lines"}</summary>
            <code class="text">{more.join("\n")}</code>
          </details>
        )}
        {cut && <span class="small quiet">The rest of it is not shown.</span>}
      </div>
    </li>
  );
}

/** `isOne`: all of them are of the same subject, which is said elsewhere. */
export function Messages({ tap, isOne }: { tap: Tap; isOne: boolean }) {
  const heard = tap.heard.value;
  return (
    <div class="rows messages" data-heard={tap.all.value} tabIndex={0} role="region" aria-label="Messages, the newest first" hidden={heard.length === 0}>
      <ol reversed>
        {heard.map(message => <Message key={message.number} message={message} isOne={isOne} />)}
      </ol>
    </div>
  );
}

/** How many there were. */
export function Counted({ tap }: { tap: Tap }) {
  const [all, skipped] = [tap.all.value, tap.skipped.value];
  if (all === 0) return <p class="quiet small">{tap.isOpen.value ? "Nothing was said yet." : "Nothing was heard."}</p>;
  return <p class="quiet small">{whole(all)} heard{skipped > 0 && <>, and {whole(skipped)} more that came too fast to be shown</>}.</p>;
}
