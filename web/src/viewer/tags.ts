// The table of tags as text: what is searched for, and names that can be read.

import type { TagRow } from "../api/documents.ts";

/** The lines that hold every word of a text, each with the sequences and items that it is in. */
export function matching(rows: readonly TagRow[], text: string): TagRow[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [...rows];
  const found: TagRow[] = [];
  const above: { row: TagRow; isTaken: boolean }[] = []; // what the line at hand is in
  for (const row of rows) {
    while (above.length && !holds((above.at(-1) as { row: TagRow }).row, row)) above.pop();
    const isFound = words.every((word) => textOf(row).includes(word));
    if (isFound) {
      for (const one of above) {
        if (!one.isTaken) found.push(one.row);
        one.isTaken = true;
      }
      found.push(row);
    }
    if (row.VR === "SQ" || isItem(row)) above.push({ row, isTaken: isFound });
  }
  return found;
}

/** A keyword as words: PatientName is Patient Name, KVP stays. */
export function readable(keyword: string): string {
  return keyword
    .replace(/^RETIRED_/, "")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2");
}

export function isItem(row: TagRow): boolean {
  return row.Tag === "";
}

/** How far in a line stands: an item one step behind its sequence, and what is in it one more. */
export function indentOf(row: TagRow): number {
  return Math.min(8, isItem(row) ? row.Depth * 2 - 1 : row.Depth * 2);
}

function holds(outer: TagRow, inner: TagRow): boolean {
  return indentOfAll(outer) < indentOfAll(inner);
}

function indentOfAll(row: TagRow): number {
  return isItem(row) ? row.Depth * 2 - 1 : row.Depth * 2;
}

function textOf(row: TagRow): string {
  return isItem(row) ? "" : `${row.Tag} ${row.Name} ${readable(row.Name)} ${row.Value}`.toLowerCase();
}
