// What a list of studies is asked for, and the address of the page that says so.

import type { Wanted } from "../api/studies.ts";

export const SORTS: readonly Wanted["sort"][] = ["-date", "date", "-received", "name", "title"];
const SHOWN: readonly Wanted["shown"][] = ["", "1", "0"];

/** What the address of the page asks for. */
export function wantedOf(search: string): Wanted {
  const given = new URLSearchParams(search);
  const text = (name: string) => given.get(name) ?? "";
  const date = (name: string) => (/^\d{8}$/.test(text(name)) ? text(name) : "");
  return {
    text: text("text"),
    modality: text("modality"),
    label: text("label"),
    shown: SHOWN.find((one) => one === text("shown")) ?? "",
    from: date("from"),
    to: date("to"),
    sort: SORTS.find((one) => one === text("sort")) ?? "-date",
  };
}

/** The address that asks for it; '' for all studies. */
export function queryOf(wanted: Wanted): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(wanted)) {
    if (value && !(name === "sort" && value === "-date")) given.set(name, value);
  }
  return `${given}` ? `?${given}` : "";
}

/** How many filters are set, beside the text. */
export function countFilters(wanted: Wanted): number {
  return [wanted.modality, wanted.label, wanted.shown, wanted.from, wanted.to].filter(Boolean).length;
}
