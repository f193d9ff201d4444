// What somebody picks or drops: files, folders and ZIPs become a flat list, each with what it seems to be.

import { isPart10 } from "./identity.ts";
import { bytesOf, type Member, membersOf } from "./zip.ts";

export type Kind = "dicom" | "picture" | "document" | "heic" | "nothing";

export interface Picked extends Member {
  kind: Kind;
  path?: string; // of the server, where that is not `instances`
}

const LEFT_OUT = /(?:^|\/)(?:DICOMDIR|Thumbs\.db|desktop\.ini|\.[^/]*)$|(?:^|\/)__MACOSX\//i;
const ZIP = 0x504b0304;
const HEIC = /^ftyp(?:hei[cfmsx]|hev[cmsx]|mif1|msf1)$/; // ISO/IEC 23008-12 10.2
const SEEN = 132; // bytes of a file that tell what it is

/** All files behind what was picked; what is no file of interest is left out. */
export async function* pickedOf(files: Iterable<File> | AsyncIterable<File>): AsyncGenerator<Picked> {
  for await (const file of files) {
    const name = file.webkitRelativePath || file.name;
    if (LEFT_OUT.test(name)) continue;
    let head: Uint8Array;
    try {
      head = await bytesOf(file.slice(0, SEEN));
    } catch {
      yield whole(file, name, "dicom"); // sending it fails, too, and says why
      continue;
    }
    const members = startsWith(head, ZIP) && !isPart10(head) ? await membersOf(file) : undefined;
    if (!members) {
      yield whole(file, name, kindOf(head));
      continue;
    }
    for (const member of members) {
      if (!LEFT_OUT.test(member.name)) yield await inside(member, `${name}: ${member.name}`);
    }
  }
}

/** A member of a ZIP; photographs and documents are unpacked here, the server unpacks the rest. */
async function inside(member: Member, name: string): Promise<Picked> {
  const head = await member.head(SEEN);
  const kind = head.length ? kindOf(head) : "dicom"; // one that cannot be unpacked here: the server knows more
  if (kind === "picture" || kind === "document") {
    if (member.plain) return { ...member, name, kind, body: member.plain };
  }
  return { ...member, name, kind: kind === "heic" ? kind : "dicom" };
}

/** What a file is, by its first bytes: names say little. */
export function kindOf(head: Uint8Array): Kind {
  if (!head.length) return "nothing";
  if (isPart10(head)) return "dicom";
  if (startsWith(head, 0x25504446)) return "document"; // %PDF
  if (startsWith(head, 0x89504e47) || (startsWith(head, 0xffd8ff) && head[2] === 0xff)) return "picture";
  if (HEIC.test(String.fromCharCode(...head.subarray(4, 12)))) return "heic";
  return "dicom"; // perhaps one without a head; the server knows
}

/** The files in what is dropped, folders and all; the list of a drop has to be read before anything is waited for. */
export function droppedFiles(transfer: DataTransfer): AsyncIterable<File> | Iterable<File> {
  const entries = [...transfer.items]
    .map((item) => item.webkitGetAsEntry?.())
    .filter((entry) => entry !== null);
  return entries.every(Boolean) && entries.length
    ? filesBelow(entries as FileSystemEntry[])
    : [...transfer.files];
}

async function* filesBelow(entries: FileSystemEntry[]): AsyncGenerator<File> {
  for (const entry of entries) {
    if (entry.isFile) yield await fileOf(entry as FileSystemFileEntry);
    else yield* filesBelow(await childrenOf(entry as FileSystemDirectoryEntry));
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    // a reader hands out a hundred at a time
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (!some.length) return all;
    all.push(...some);
  }
}

function whole(file: File, name: string, kind: Kind): Picked {
  return {
    name,
    size: file.size,
    kind,
    body: async () => file,
    head: (bytes) => bytesOf(file.slice(0, bytes)),
  };
}

function startsWith(head: Uint8Array, signature: number): boolean {
  const bytes = signature > 0xffffff ? [24, 16, 8, 0] : [16, 8, 0];
  return bytes.every((shift, place) => head[place] === ((signature >>> shift) & 0xff));
}
