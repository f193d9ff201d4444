// The magnifier: what lies under the finger, larger, and above the finger, where it can be seen.

const WIDTH = 180; // CSS pixels
const TIMES = 2.5;
const ABOVE = 30; // CSS pixels between the finger and the lower edge

export class Loupe {
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly small: HTMLCanvasElement,
  ) {}

  /** Show what is at a place, drawn in `full` or else small; nothing for undefined. */
  show(at: { clientX: number; clientY: number } | undefined, full: HTMLCanvasElement | undefined): void {
    const { canvas, small } = this;
    canvas.hidden = at === undefined;
    if (!at) return;
    const box = small.getBoundingClientRect();
    const place = placeOf(at.clientX - box.left, at.clientY - box.top, box.width);
    canvas.style.left = `${place.left}px`;
    canvas.style.top = `${place.top}px`;
    canvas.style.filter = full ? "none" : small.style.filter;
    const from = full ?? small;
    const ratio = from.width / Math.max(1, box.width);
    canvas.width = WIDTH * 2;
    canvas.height = WIDTH * 2;
    const context = canvas.getContext("2d") as CanvasRenderingContext2D;
    const side = (WIDTH / TIMES) * ratio;
    const [x, y] = [(at.clientX - box.left) * ratio, (at.clientY - box.top) * ratio];
    context.imageSmoothingQuality = "high";
    context.drawImage(from, x - side / 2, y - side / 2, side, side, 0, 0, canvas.width, canvas.height);
    context.strokeStyle = "#ff7a9f";
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(WIDTH - 16, WIDTH);
    context.lineTo(WIDTH + 16, WIDTH);
    context.moveTo(WIDTH, WIDTH - 16);
    context.lineTo(WIDTH, WIDTH + 16);
    context.stroke();
  }
}

/** Where the magnifier lies for a finger: above it, or beside it at the upper edge of the screen. */
export function placeOf(x: number, y: number, screenWidth: number): { left: number; top: number } {
  const above = y - ABOVE - WIDTH;
  const bound = (left: number) => Math.min(Math.max(0, left), Math.max(0, screenWidth - WIDTH));
  if (above >= 0) return { left: bound(x - WIDTH / 2), top: above };
  const isRoom = x + ABOVE + WIDTH <= screenWidth;
  return { left: bound(isRoom ? x + ABOVE : x - ABOVE - WIDTH), top: Math.max(0, y - WIDTH / 2) };
}
