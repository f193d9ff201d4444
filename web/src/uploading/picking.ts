// What somebody picks or drops: files, folders and ZIPs become a flat list, each with what it seems to be.

import { isPart10 } from "./identity.ts";
import { bytesOf, type Member, membersOf } from "./zip.ts";

export type Kind = "dicom" | "picture" | "document" | "nothing";

export interface Picked extends Member {
  kind: Kind;
  path?: string; // of the server, where that is not `instances`
}

const LEFT_OUT = /(?:^|\/)(?:DICOMDIR|Thumbs\.db|desktop\.ini|\.[^/]*)$|(?:^|\/)__MACOSX\//i;
const ZIP = 0x504b0304;

/** All files behind what was picked; what is no file of interest is left out. */
export async function* pickedOf(files: Iterable<File> | AsyncIterable<File>): AsyncGenerator<Picked> {
  for await (const file of files) {
    const name = file.webkitRelativePath || file.name;
    if (LEFT_OUT.test(name)) continue;
    let head: Uint8Array;
    try {
      head = await bytesOf(file.slice(0, 132));
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
      if (!LEFT_OUT.test(member.name)) yield { ...member, name: `${name}: ${member.name}`, kind: "dicom" };
    }
  }
}

/** What a file is, by its first bytes: names say little. */
export function kindOf(head: Uint8Array): Kind {
  if (!head.length) return "nothing";
  if (isPart10(head)) return "dicom";
  if (startsWith(head, 0x25504446)) return "document"; // %PDF
  if (startsWith(head, 0x89504e47) || (startsWith(head, 0xffd8ff) && head[2] === 0xff)) return "picture";
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
