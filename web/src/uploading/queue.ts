// What is on its way to the server: a few files at once, with pause, with patience when the connection is lost, and
// without sending what the server has: before each handful it is asked which of them it knows.

import { ServerError } from "../api/http.ts";
import type { Kept, Sending } from "../api/uploads.ts";
import { HEAD_BYTES, type Identity, identify } from "./identity.ts";
import type { Picked } from "./picking.ts";

const AT_ONCE = 3;
const HANDFUL = 16; // files of which is asked at once
const LONGEST_WAIT = 10_000; // ms between two tries to reach the server

/** What the queue asks of the server; tests have their own. */
export interface Server {
  send(picked: Picked, body: Blob, progress: (bytes: number) => void): Sending;
  known(instances: string[]): Promise<string[]>;
  prepare(study: string): Promise<void>; // before the first file of a study goes there
  wait(milliseconds: number): Promise<void>;
}

/** Why files are not taken, where it is not the server's words alone. */
export type Reason = "empty" | "nothing" | "heic" | "strange" | "large" | "";

export interface Refused {
  name: string;
  reason: Reason;
  details: string; // what the server said
}

export interface Moving {
  name: string;
  size: number;
  sent: number;
}

interface Looked {
  picked: Picked;
  identity?: Identity | undefined;
}

/** Why nothing more can be sent. */
export interface Problem {
  status: number; // of the server's answer
  details: string;
}

export type State = "idle" | "sending" | "paused" | "lost";

export class Queue {
  readonly studies = new Set<string>();
  readonly arrivals = new Map<string, number>(); // files of each study that have arrived or were there
  readonly refused: Refused[] = [];
  readonly moving = new Map<Picked, Moving>();
  files = 0;
  bytes = 0;
  stored = 0;
  known = 0;
  problem: Problem | undefined; // why it has paused by itself
  private finishedBytes = 0;
  private readonly waiting: Picked[] = [];
  private readonly prepared = new Map<string, Promise<void>>();
  private readonly stops = new Set<() => void>();
  private workers = 0;
  private isPaused = false;
  private isLost = false;

  constructor(
    private readonly server: Server,
    private readonly changed: () => void,
  ) {}

  get state(): State {
    if (this.isPaused) return "paused";
    if (this.isLost) return "lost";
    return this.workers || this.waiting.length ? "sending" : "idle";
  }

  /** Bytes that are done with. */
  get sent(): number {
    let sent = this.finishedBytes;
    for (const one of this.moving.values()) sent += Math.min(one.sent, one.size);
    return sent;
  }

  get finished(): number {
    return this.stored + this.known + this.refused.length;
  }

  add(picked: Picked): void {
    this.files += 1;
    this.bytes += picked.size;
    if (picked.kind === "nothing") this.refuse(picked, "empty");
    else if (picked.kind === "heic") this.refuse(picked, "heic");
    else this.waiting.push(picked);
    this.work();
    this.changed();
  }

  /** Stop at once; what is half sent is sent anew. */
  pause(problem?: Problem): void {
    this.problem = problem;
    this.isPaused = true;
    for (const stop of this.stops) stop();
    this.changed();
  }

  resume(): void {
    this.problem = undefined;
    this.isPaused = false;
    this.work();
    this.changed();
  }

  /** A study has been looked through: what comes to it from now on is prepared anew. */
  forget(study: string): void {
    this.studies.delete(study);
    this.prepared.delete(study);
  }

  private work(): void {
    while (!this.isPaused && this.workers < Math.min(AT_ONCE, this.waiting.length)) {
      this.workers += 1;
      void this.worker().finally(() => {
        this.workers -= 1;
        if (this.waiting.length) this.work(); // it was told to go on while this one was leaving
        this.changed();
      });
    }
  }

  private async worker(): Promise<void> {
    let tries = 0;
    while (!this.isPaused) {
      const handful = this.waiting.splice(
        0,
        Math.max(1, Math.min(HANDFUL, Math.ceil(this.waiting.length / AT_ONCE))),
      );
      if (!handful.length) return;
      const left = new Set(handful);
      try {
        for (const one of await this.unknownOf(handful, left)) {
          if (this.isPaused) break;
          await this.sendOne(one);
          left.delete(one.picked);
          tries = 0;
        }
        this.isLost = false;
      } catch (error) {
        await this.trouble(error, tries++);
      } finally {
        this.waiting.unshift(...left);
      }
    }
  }

  /** Those that the server has not got, after their studies are prepared. */
  private async unknownOf(handful: Picked[], left: Set<Picked>): Promise<Looked[]> {
    const looked: Looked[] = [];
    for (const picked of handful) looked.push({ picked, identity: identify(await headOf(picked)) });
    const asked = looked.flatMap(({ identity }) => (identity ? [identity.instance] : []));
    const there = new Set(asked.length ? await this.server.known(asked) : []);
    const missing: Looked[] = [];
    for (const one of looked) {
      if (one.identity && there.has(one.identity.instance)) {
        this.finish(one.picked, "known", one.identity.study);
        left.delete(one.picked);
      } else missing.push(one);
    }
    return missing;
  }

  private async sendOne({ picked, identity }: Looked): Promise<void> {
    if (identity) await this.prepare(identity.study);
    const moving = { name: picked.name, size: picked.size, sent: 0 };
    let stop: (() => void) | undefined;
    try {
      const body = await bodyOf(picked);
      if (this.isPaused) throw new ServerError(0, "");
      this.moving.set(picked, moving);
      const sending = this.server.send(picked, body, (bytes) => {
        moving.sent = bytes;
        this.changed();
      });
      stop = sending.stop;
      this.stops.add(stop);
      const kept = await sending.done;
      for (const one of kept) await this.prepare(one.ParentStudy);
      this.settle(picked, kept);
    } catch (error) {
      if (!isFinal(error)) throw error;
      this.refuse(
        picked,
        reasonOf(error, picked, identity),
        error instanceof Error ? error.message : `${error}`,
      );
    } finally {
      this.moving.delete(picked);
      if (stop) this.stops.delete(stop);
    }
  }

  private settle(picked: Picked, kept: Kept[]): void {
    const isNew = kept.some((one) => one.Status !== "AlreadyStored");
    for (const one of kept) this.count(one.ParentStudy);
    if (kept.length) this.finish(picked, isNew ? "stored" : "known");
    else this.refuse(picked, "nothing");
  }

  private prepare(study: string): Promise<void> {
    let prepared = this.prepared.get(study);
    if (!prepared) {
      prepared = this.server.prepare(study);
      this.prepared.set(study, prepared);
      prepared.catch(() => this.prepared.delete(study));
    }
    return prepared;
  }

  /** No connection, no account, no room: nothing is wrong with the file. */
  private async trouble(error: unknown, tries: number): Promise<void> {
    if (this.isPaused) return;
    const status = error instanceof ServerError ? error.status : 0;
    if (status && !isPassing(status)) {
      this.pause({ status, details: error instanceof Error ? error.message : `${error}` });
      return;
    }
    this.isLost = true;
    this.changed();
    await this.server.wait(Math.min(LONGEST_WAIT, 1000 * 2 ** tries));
  }

  private finish(picked: Picked, how: "stored" | "known", study = ""): void {
    this[how] += 1;
    if (study) this.count(study);
    this.finishedBytes += picked.size;
    this.changed();
  }

  private count(study: string): void {
    this.studies.add(study);
    this.arrivals.set(study, (this.arrivals.get(study) ?? 0) + 1);
  }

  private refuse(picked: Picked, reason: Reason, details = ""): void {
    this.refused.push({ name: picked.name, reason, details });
    this.finishedBytes += picked.size;
    this.changed();
  }
}

/** Whether waiting may help. */
function isPassing(status: number): boolean {
  return [408, 429, 502, 503, 504].includes(status);
}

/** Whether the file is at fault: what the server says of one file, or the browser that cannot read it. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof ServerError)) return true;
  return [400, 404, 409, 413, 415, 422, 500].includes(error.status);
}

/** Why the server refuses a file, as far as that can be told in the reader's language. */
function reasonOf(error: unknown, picked: Picked, identity: Identity | undefined): Reason {
  const status = error instanceof ServerError ? error.status : 0;
  if (status === 413) return "large";
  return picked.kind === "dicom" && !identity && [400, 415, 422].includes(status) ? "strange" : "";
}

async function headOf(picked: Picked): Promise<Uint8Array> {
  if (picked.kind !== "dicom") return new Uint8Array();
  try {
    return await picked.head(HEAD_BYTES);
  } catch {
    return new Uint8Array(); // cannot be read: sending it says why
  }
}

/** The body, read as far as to know that it can be: a file that has gone must not look like a lost connection. */
async function bodyOf(picked: Picked): Promise<Blob> {
  const body = await picked.body();
  await body.slice(0, 1).arrayBuffer();
  return body;
}
