// Sends files one after the other, says how far it is, and what was refused and why.  An upload goes on while the
// teacher looks at other views; it ends with the page.

import { ROOT, reason } from "./api.js";

export const state = { waiting: [], total: 0, done: 0, sentBytes: 0, totalBytes: 0, current: 0, stored: 0, known: 0, failed: [] };

let onChange = () => {};
let running = false;

export function watch(callback) {
  onChange = callback;
}

export function isRunning() {
  return running;
}

export function start(files) {
  if (!running) {
    Object.assign(state, { waiting: [], total: 0, done: 0, sentBytes: 0, totalBytes: 0, current: 0, stored: 0, known: 0, failed: [] });
  }
  for (const file of files) {
    state.waiting.push(file);
    state.total += 1;
    state.totalBytes += file.size;
  }
  if (!running && state.waiting.length) {
    running = true;
    next();
  }
  onChange();
}

function next() {
  const file = state.waiting.shift();
  state.current = 0;
  if (!file) {
    running = false;
    onChange();
    return;
  }
  const request = new XMLHttpRequest();
  request.open("POST", `${ROOT}instances`);
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.upload.addEventListener("progress", (event) => {
    state.current = event.loaded;
    onChange();
  });
  request.addEventListener("load", () => {
    if (request.status === 200) {
      count(request.responseText);
    } else {
      state.failed.push({ name: file.name, why: reason(request.status, request.responseText) });
    }
    finish(file);
  });
  request.addEventListener("error", () => {
    state.failed.push({ name: file.name, why: "The connection broke off." });
    finish(file);
  });
  request.send(file);
}

function count(text) {
  const told = JSON.parse(text);
  for (const one of Array.isArray(told) ? told : [told]) {
    if (one.Status === "AlreadyStored") {
      state.known += 1;
    } else {
      state.stored += 1;
    }
  }
}

function finish(file) {
  state.done += 1;
  state.sentBytes += file.size;
  next();
  onChange();
}

// The files below a dropped folder, too (webkitGetAsEntry, where the browser has it).
export async function filesOf(transfer) {
  const entries = [...(transfer.items || [])].map((item) => (item.webkitGetAsEntry ? item.webkitGetAsEntry() : null));
  if (!entries.length || entries.some((entry) => entry === null)) {
    return [...transfer.files];
  }
  const files = [];
  for (const entry of entries) {
    await collect(entry, files);
  }
  return files;
}

async function collect(entry, files) {
  if (entry.isFile) {
    files.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const children = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!children.length) {
      return;
    }
    for (const child of children) {
      await collect(child, files);
    }
  }
}
