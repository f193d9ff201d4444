// One series as the viewer knows it: its pictures in order, and the small ones that have arrived.
// The server makes them when they are asked for; until they are there the manifest is asked again now and then.

import { address, headers } from "../api/http.ts";
import { type Instance, type Manifest, manifest } from "../api/pictures.ts";
import { type PackFacts, readPack } from "./pack.ts";

const AGAIN = 1000; // ms between two questions while the server makes the small pictures …
const PACK_AGAIN = 3000; // … and the pack of all values
const MOST_QUESTIONS = 120;

/** One picture: which frame of which instance. */
export interface Picture {
  instance: Instance;
  frame: number;
}

/** Asks for a series and gathers its pictures; `changed` is called when there is something new to show. */
export class Stack {
  told: Manifest | undefined;
  facts: PackFacts | undefined; // of the preview
  isDeep = false; // whether full depth has been asked for; that needs a manifest with the values of the pictures
  isPlaced = false; // whether the screen has gone to the picture that was asked for
  private readonly small = new Map<number, ImageBitmap>();
  private readonly stopped = new AbortController();

  constructor(
    readonly series: string,
    private readonly changed: () => void,
  ) {}

  /** How many pictures there are; 0 as long as that is not known. */
  get count(): number {
    return this.told?.CountPictures ?? 0;
  }

  /** How many small pictures are there. */
  get arrived(): number {
    return this.small.size;
  }

  /** Load the manifest until it knows the values of the pictures, and the preview as soon as it is made. */
  async load(): Promise<void> {
    for (let question = 0; question < MOST_QUESTIONS; question += 1) {
      this.told = await manifest(this.series, this.stopped.signal);
      this.changed();
      const { State, Url } = this.told.Prepared.preview;
      if (State === "Ready" && Url && !this.facts) await this.preview(Url);
      if (this.told.IsPlaced && State !== "Making" && State !== "Missing") break;
      await pause(AGAIN, this.stopped.signal);
    }
    await this.pack();
  }

  /** Have the pack of all values made where there is none: until then they come as they are stored, many times as large. */
  private async pack(): Promise<void> {
    for (let question = 0; question < MOST_QUESTIONS && this.told; question += 1) {
      const { State, Url } = this.told.Prepared.frames;
      if (!Url || (State !== "Missing" && State !== "Making")) return;
      if (State === "Missing") {
        const made = await fetch(address(`${Url}/0`), { headers: headers(), signal: this.stopped.signal });
        await made.arrayBuffer(); // what is not read keeps one of the browser's six connections
      }
      await pause(PACK_AGAIN, this.stopped.signal);
      this.told = await manifest(this.series, this.stopped.signal);
      this.changed();
    }
  }

  /** Forget it all, and what is on its way. */
  stop(): void {
    this.stopped.abort();
    for (const bitmap of this.small.values()) bitmap.close();
    this.small.clear();
  }

  /** Which frame a picture is; undefined for none. */
  picture(number: number): Picture | undefined {
    return pictureOf(this.told?.Instances ?? [], number);
  }

  /** A value of a picture: its frame's, its instance's, or what all of the series share. */
  value(number: number, keyword: string): unknown {
    const { told } = this;
    const found = this.picture(number);
    if (!told || !found) return told?.Shared[keyword];
    return frameOf(told, found)?.[keyword] ?? found.instance[keyword] ?? told.Shared[keyword];
  }

  /** The small picture of a number, or of the nearest one that has arrived. */
  nearest(number: number): { picture: number; bitmap: ImageBitmap } | undefined {
    for (let distance = 0; distance < Math.max(this.count, 1); distance += 1) {
      for (const picture of [number - distance, number + distance]) {
        const bitmap = this.small.get(picture);
        if (bitmap) return { picture, bitmap };
      }
    }
    return undefined;
  }

  private async preview(url: string): Promise<void> {
    const answer = await fetch(address(url), { headers: headers(), signal: this.stopped.signal });
    if (!answer.ok || !answer.body) throw new Error(`${answer.status}`);
    const drawn: Promise<void>[] = [];
    await readPack(
      answer.body,
      (facts) => {
        this.facts = facts;
      },
      (picture, file) => {
        drawn.push(this.keep(picture, file));
      },
    );
    await Promise.all(drawn);
  }

  private async keep(picture: number, file: Uint8Array<ArrayBuffer>): Promise<void> {
    const bitmap = await createImageBitmap(new Blob([file], { type: this.facts?.MediaType ?? "" }));
    if (this.stopped.signal.aborted) {
      bitmap.close();
      return;
    }
    this.small.set(picture, bitmap);
    this.changed();
  }
}

export type Values = Readonly<Record<string, unknown>>;

/** All values of a picture by keyword: those of its frame, of its instance, of the series. */
export function valuesOf(told: Manifest, number: number): Values {
  const found = pictureOf(told.Instances, number);
  if (!found) return told.Shared;
  return { ...told.Shared, ...found.instance, ...frameOf(told, found) };
}

/** What the functional groups of an image say of one frame; an only image shares them with itself. */
function frameOf(told: Manifest, { instance, frame }: Picture): Values | undefined {
  const frames = (instance.Frames ?? told.Shared.Frames) as readonly Values[] | undefined;
  return frames?.[frame];
}

/** Which frame of which instance the picture of a number is. */
export function pictureOf(instances: readonly Instance[], number: number): Picture | undefined {
  const instance = instances.find(
    (one) => number >= one.FirstPicture && number < one.FirstPicture + one.CountPictures,
  );
  return instance && { instance, frame: number - instance.FirstPicture };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("", "AbortError"));
    });
  });
}
