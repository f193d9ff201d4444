// What fingers mean on a picture: one scrolls the stack (or does what the tool says), two pinch and pan together, in every
// tool, three change the window.  A touch counts after 8 px or 80 ms, so that a late second finger makes it a pinch and
// leaves nothing of the first one behind.

export type Meaning = "wait" | "one" | "two" | "three";

export interface Point {
  id: number;
  x: number; // CSS pixels
  y: number;
}

/** How the fingers have moved since the last event. */
export interface Moved {
  meaning: Exclude<Meaning, "wait">;
  dx: number; // of their middle
  dy: number;
  scale: number; // of their distance; 1 unless there are two
  x: number; // their middle now
  y: number;
}

const SLOP = 8; // px
const PATIENCE = 80; // ms
const TAP = 250; // ms
const NEAR = 30; // px between the two taps of a double tap
export const LONG = 500; // ms

/** Follows fingers; a new one for each picture on the screen. */
export class Fingers {
  private readonly down = new Map<number, Point>();
  private meaning: Meaning = "wait";
  private most = 0; // fingers at once since the first came down
  private begun = 0;
  private first: Point | undefined;
  private travelled = 0;
  private lastTap: { at: number; point: Point } | undefined;

  /** A finger comes down. */
  press(point: Point, now: number): void {
    if (this.down.size === 0) {
      this.begun = now;
      this.first = point;
      this.most = 0;
      this.travelled = 0;
      this.meaning = "wait";
    }
    this.down.set(point.id, point);
    this.most = Math.max(this.most, this.down.size);
    if (this.down.size >= 2) this.meaning = this.down.size === 2 ? "two" : "three";
  }

  /** A finger has moved; undefined as long as it is not known what is meant. */
  move(point: Point, now: number): Moved | undefined {
    const before = this.down.get(point.id);
    if (!before) return undefined;
    const old = this.shape();
    this.down.set(point.id, point);
    const next = this.shape();
    this.travelled += Math.hypot(point.x - before.x, point.y - before.y);
    if (this.meaning === "wait") {
      const first = this.first ?? point;
      const far = Math.hypot(point.x - first.x, point.y - first.y) >= SLOP;
      if (!far && !(now - this.begun >= PATIENCE && this.travelled >= 2)) return undefined;
      this.meaning = "one";
    }
    return {
      meaning: this.meaning,
      dx: next.x - old.x,
      dy: next.y - old.y,
      scale: this.meaning === "two" && old.spread > 0 ? next.spread / old.spread : 1,
      x: next.x,
      y: next.y,
    };
  }

  /** A finger goes up; whether that was a tap or the second one of a double tap. */
  release(id: number, now: number): "tap" | "double tap" | undefined {
    const point = this.down.get(id);
    this.down.delete(id);
    if (this.down.size === 2) this.meaning = "two";
    if (!point || this.down.size > 0) return undefined;
    const isTap = this.most === 1 && this.meaning === "wait" && now - this.begun < TAP;
    const last = this.lastTap;
    this.lastTap = isTap ? { at: now, point } : undefined;
    if (!isTap) return undefined;
    if (
      last &&
      now - last.at < 2 * TAP &&
      Math.hypot(point.x - last.point.x, point.y - last.point.y) < NEAR
    ) {
      this.lastTap = undefined;
      return "double tap";
    }
    return "tap";
  }

  /** Forget all fingers: the system has taken them. */
  cancel(): void {
    this.down.clear();
    this.meaning = "wait";
    this.lastTap = undefined;
  }

  /** Where the first finger came down. */
  get origin(): Point | undefined {
    return this.first;
  }

  /** How many fingers are down. */
  get count(): number {
    return this.down.size;
  }

  /** Whether one finger rests where it came down, long enough for the magnifier. */
  isLongPress(now: number): boolean {
    return this.down.size === 1 && this.most === 1 && this.meaning === "wait" && now - this.begun >= LONG;
  }

  private shape(): { x: number; y: number; spread: number } {
    const points = [...this.down.values()];
    const x = points.reduce((sum, point) => sum + point.x, 0) / points.length;
    const y = points.reduce((sum, point) => sum + point.y, 0) / points.length;
    const spread =
      points.reduce((sum, point) => sum + Math.hypot(point.x - x, point.y - y), 0) / points.length;
    return { x, y, spread };
  }
}
