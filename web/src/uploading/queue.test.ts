import { expect, test } from "vitest";
import { ServerError } from "../api/http.ts";
import type { Kept } from "../api/uploads.ts";
import { part10 } from "./aids.ts";
import type { Picked } from "./picking.ts";
import { Queue, type Server } from "./queue.ts";

/** A server that keeps what it gets, by the name of the file. */
class House implements Server {
  readonly got: string[] = [];
  readonly prepared: string[] = [];
  readonly has = new Set<string>();
  waits = 0;
  most = 0;
  private open = 0;
  answer: (name: string) => Promise<Kept[]> = async (name) => [
    { ID: name, ParentStudy: "study", Status: "Success" },
  ];

  send(picked: Picked) {
    this.open += 1;
    this.most = Math.max(this.most, this.open);
    let stop = () => {};
    const stopped = new Promise<never>((_, reject) => {
      stop = () => reject(new ServerError(0, "stopped"));
    });
    const kept = this.answer(picked.name).then((told) => {
      this.got.push(picked.name);
      return told;
    });
    const done = Promise.race([kept, stopped]).finally(() => {
      this.open -= 1;
    });
    return { done, stop };
  }
  async known(instances: string[]) {
    return instances.filter((one) => this.has.has(one));
  }
  async prepare(study: string) {
    this.prepared.push(study);
  }
  async wait() {
    this.waits += 1;
    await turn();
  }
}

const turn = () => new Promise<void>((done) => setTimeout(done, 0));

function file(name: string, content: BlobPart = "x"): Picked {
  const blob = new Blob([content]);
  return {
    name,
    size: blob.size,
    kind: "dicom",
    body: async () => blob,
    head: async () => new Uint8Array(await blob.arrayBuffer()),
  };
}

async function idle(queue: Queue): Promise<void> {
  for (let turns = 0; queue.state !== "idle" && turns < 500; turns++) await turn();
  expect(queue.state).toBe("idle");
}

function filled(house: House, names: string[]): Queue {
  const queue = new Queue(house, () => {});
  for (const name of names) queue.add(file(name));
  return queue;
}

const NAMES = Array.from({ length: 50 }, (_, number) => `file ${number}`);

test("everything is sent once, a few at a time, and the study is prepared once", async () => {
  const house = new House();
  const queue = filled(house, NAMES);
  await idle(queue);

  expect([...house.got].sort()).toEqual([...NAMES].sort());
  expect(house.most).toBeLessThanOrEqual(3);
  expect([queue.stored, queue.sent, queue.bytes]).toEqual([50, 50, 50]);
  expect(house.prepared).toEqual(["study"]);
  expect([...queue.studies]).toEqual(["study"]);
});

test("what the server has is not sent", async () => {
  const house = new House();
  const { bytes, instance, study } = part10({ sop: "1.2.3.4" });
  house.has.add(instance);
  const queue = new Queue(house, () => {});
  queue.add(file("known", bytes));
  queue.add(file("new", part10({ sop: "1.2.3.5" }).bytes));
  await idle(queue);

  expect(house.got).toEqual(["new"]);
  expect([queue.known, queue.stored]).toEqual([1, 1]);
  expect(queue.studies.has(study)).toBe(true);
});

test("a study is prepared before its first file is sent", async () => {
  const house = new House();
  const { bytes, study } = part10({ sop: "1.2.3.4" });
  house.answer = async () => {
    expect(house.prepared).toEqual([study]);
    return [{ ID: "x", ParentStudy: study, Status: "Success" }];
  };
  const queue = new Queue(house, () => {});
  queue.add(file("one", bytes));
  await idle(queue);

  expect(queue.stored).toBe(1);
});

test("a lost connection is waited for, and nothing that arrived is sent twice", async () => {
  const house = new House();
  let isLost = true;
  house.answer = async (name) => {
    if (name === "file 3" && isLost) throw new ServerError(0, "lost");
    return [{ ID: name, ParentStudy: "study", Status: "Success" }];
  };
  house.wait = async () => {
    house.waits += 1;
    isLost = false;
  };
  const queue = filled(house, NAMES);
  await idle(queue);

  expect(house.waits).toBe(1);
  expect([...house.got].sort()).toEqual([...NAMES].sort());
  expect(queue.stored).toBe(50);
});

test("what is refused is told with the reason, and the others go on", async () => {
  const house = new House();
  house.answer = async (name) => {
    if (name === "file 7") throw new ServerError(400, "no DICOM");
    return [{ ID: name, ParentStudy: "study", Status: "Success" }];
  };
  const queue = filled(house, NAMES);
  queue.add({ ...file("empty", ""), kind: "nothing" });
  queue.add({ ...file("IMG_1.HEIC"), kind: "heic" });
  await idle(queue);

  expect(queue.refused).toEqual([
    { name: "empty", reason: "empty", details: "" },
    { name: "IMG_1.HEIC", reason: "heic", details: "" },
    { name: "file 7", reason: "strange", details: "no DICOM" },
  ]);
  expect(queue.stored).toBe(49);
  expect(queue.arrivals.get("study")).toBe(49);
  expect(queue.finished).toBe(queue.files);
});

test.each([401, 403, 507])(
  "status %i is nobody's fault but a reason to stop, and one can go on",
  async (status) => {
    const house = new House();
    let isOut = true;
    const good = house.answer;
    house.answer = async (name) => {
      if (isOut) throw new ServerError(status, "full");
      return good(name);
    };
    const queue = filled(house, NAMES);
    for (let turns = 0; queue.state !== "paused" && turns < 100; turns++) await turn();

    expect([queue.state, queue.problem, queue.refused.length]).toEqual([
      "paused",
      { status, details: "full" },
      0,
    ]);
    isOut = false;
    queue.resume();
    await idle(queue);
    expect(queue.stored).toBe(50);
  },
);

test("a pause stops what is on its way, and resuming sends it", async () => {
  const house = new House();
  const good = house.answer;
  house.answer = (name) => new Promise((done) => setTimeout(() => done(good(name)), 5));
  const queue = filled(house, NAMES);
  await turn();
  queue.pause();
  await new Promise((done) => setTimeout(done, 30));
  const sofar = queue.stored;

  expect([queue.state, queue.moving.size]).toEqual(["paused", 0]);
  expect(sofar).toBeLessThan(50);
  house.answer = good;
  queue.resume();
  await idle(queue);
  expect(queue.stored).toBe(50);
});

test("what comes to a study that was looked through is prepared anew", async () => {
  const house = new House();
  const queue = filled(house, ["one"]);
  await idle(queue);
  queue.add(file("two"));
  await idle(queue);
  expect(house.prepared).toEqual(["study"]);

  queue.forget("study");
  expect([...queue.studies]).toEqual([]);
  queue.add(file("three"));
  await idle(queue);
  expect(house.prepared).toEqual(["study", "study"]);
  expect([...queue.studies]).toEqual(["study"]);
});
