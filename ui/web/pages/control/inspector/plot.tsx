// The acceleration of the last seconds as three lines.

import { colors } from "../../../design/colors";
import { useCanvas } from "../../../design/canvas";
import { SAMPLES, type Trace } from "./trace";

/** From the top to the bottom: 2 g to -2 g. */
const y = (byte: number, height: number): number => height * (1 - byte / 255);

export function Plot({ trace }: { trace: Trace }) {
  const palette = colors.value;
  const canvas = useCanvas(({ context, width, height }) => {
    context.clearRect(0, 0, width, height);
    context.strokeStyle = palette.line;
    context.lineWidth = 1;
    // -1, 0 and 1 g.
    for (const byte of [63.75, 127.5, 191.25]) {
      context.beginPath();
      context.moveTo(0, y(byte, height));
      context.lineTo(width, y(byte, height));
      context.stroke();
    }
    const lines = [[palette.accent, []], [palette.good, [6, 3]], [palette.text, [2, 3]]] as const;
    const shown = Math.min(SAMPLES, trace.count);
    for (const [axis, [color, dashes]] of lines.entries()) {
      context.beginPath();
      for (let back = shown; back >= 1; back--) {
        const byte = trace.samples[((trace.count - back) % SAMPLES) * 3 + axis] ?? 128;
        context.lineTo(width * (1 - (back - 1) / (SAMPLES - 1)), y(byte, height));
      }
      context.strokeStyle = color;
      context.lineWidth = 1.5;
      context.setLineDash([...dashes]);
      context.stroke();
    }
    context.setLineDash([]);
  });
  return <canvas ref={canvas} class="plot" role="img" aria-label="Acceleration of the last seconds: x as a line, y dashed, z dotted" />;
}
