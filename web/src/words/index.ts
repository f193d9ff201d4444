// Texts in the browser's language: English, French or German.

import { de } from "./de.ts";
import { en, type Key, type Words } from "./en.ts";
import { fr } from "./fr.ts";

export type { Key } from "./en.ts";

const LANGUAGES: Record<string, Words> = { en, fr, de };

/** The language of the page: the first of the browser's that we have. */
export function chosenLanguage(wanted: readonly string[] = navigator.languages): string {
  for (const tag of wanted) {
    const language = tag.toLowerCase().split("-")[0] ?? "";
    if (language in LANGUAGES) return language;
  }
  return "en";
}

let language = typeof navigator === "undefined" ? "en" : chosenLanguage();
if (typeof document !== "undefined") document.documentElement.lang = language;

/** Choose another language; for tests. */
export function useLanguage(name: string): void {
  language = name;
}

/** The language of the page, for numbers and dates. */
export function languageInUse(): string {
  return language;
}

/** A text, with what stands in {braces} filled in; of "one | many" the form for `count`, or `all`. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const [one = "", many = one] = (LANGUAGES[language] ?? en)[key].split(" | ");
  const { count, all } = values;
  const text = `${count ?? all}` === "1" ? one : many;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? `${values[name]}` : whole));
}

/** A DICOM date as people of that language write it; '' for none. */
export function dateText(dicom: string): string {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(dicom);
  if (!match) return dicom;
  const date = new Date(Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])));
  return date.toLocaleDateString(language, {
    timeZone: "UTC",
    year: "numeric",
    month: "short",
    day: "numeric",
  });
}

/** A number of bytes as people read it. */
export function sizeText(bytes: number): string {
  const isSmall = bytes < 1e6;
  const value = isSmall ? bytes / 1e3 : bytes / 1e6;
  const unit = isSmall ? "kilobyte" : "megabyte";
  return value.toLocaleString(language, { style: "unit", unit, maximumFractionDigits: value < 10 ? 1 : 0 });
}
