// Round dots for a canvas with thousands of them: each kind is drawn once, and copied from then on, which is several times as fast.

/** How a dot looks. */
export interface Dot {
  readonly fill: string;
  readonly edge: string;
  readonly radius: number;
  /** Width of its edge, in pixels. */
  readonly line: number;
}

/** Kinds that are kept; with more colours than that, all are drawn anew. */
const MOST_KINDS = 512;

/** The kinds of one canvas. */
export class Sprites {
  readonly #kinds = new Map<string, HTMLCanvasElement>();

  /** Draws a dot around a point. */
  draw(context: CanvasRenderingContext2D, x: number, y: number, dot: Dot): void {
    const ratio = context.getTransform().a;
    const key = `${dot.fill} ${dot.edge} ${dot.radius} ${dot.line} ${ratio}`;
    let kind = this.#kinds.get(key);
    if (kind === undefined) {
      if (this.#kinds.size >= MOST_KINDS) this.#kinds.clear();
      kind = drawn(dot, ratio);
      this.#kinds.set(key, kind);
    }
    const half = kind.width / ratio / 2;
    context.drawImage(kind, x - half, y - half, 2 * half, 2 * half);
  }
}

function drawn({ fill, edge, radius, line }: Dot, ratio: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  const half = Math.ceil((radius + line) * ratio);
  canvas.width = canvas.height = 2 * half;
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  context.translate(half, half);
  context.scale(ratio, ratio);
  context.beginPath();
  context.arc(0, 0, radius, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
  context.lineWidth = line;
  context.strokeStyle = edge;
  context.stroke();
  return canvas;
}
