// What stands beside or instead of pictures: the table of tags, and documents, reports and videos of a series.
// Knows only which there are; what shows them is loaded when it is looked at.

import { html, type TemplateResult } from "lit";
import type { Manifest } from "../api/pictures.ts";

export type DocumentKind = "pdf" | "report" | "video";

const PDF = "1.2.840.10008.5.1.4.1.1.104.1";
const REPORTS = "1.2.840.10008.5.1.4.1.1.88."; // all structured reports, key objects too
const VIDEO = /^1\.2\.840\.10008\.1\.2\.4\.10[2-8](\.1)?$/; // transfer syntaxes of H.264 and H.265

/** What a series holds that is no picture: its kind and the instances; undefined when it is pictures. */
export function documentsOf(told: Manifest | undefined): { kind: DocumentKind; ids: string[] } | undefined {
  const kinds = (told?.Instances ?? []).map((instance) => {
    const value = (keyword: string) => `${instance[keyword] ?? told?.Shared[keyword] ?? ""}`;
    return kindOf(value("SOPClassUID"), value("AvailableTransferSyntaxUID"));
  });
  const kind = kinds[0];
  if (!told || !kind) return undefined;
  return { kind, ids: told.Instances.filter((_, place) => kinds[place] === kind).map(({ ID }) => ID) };
}

function kindOf(sopClass: string, transferSyntax: string): DocumentKind | undefined {
  if (sopClass === PDF) return "pdf";
  if (sopClass.startsWith(REPORTS)) return "report";
  return VIDEO.test(transferSyntax) ? "video" : undefined;
}

/** The document of a series on its screen; '' when it is pictures. */
export function documentIn(told: Manifest | undefined): TemplateResult | "" {
  const found = documentsOf(told);
  if (!found) return "";
  void import("./document.ts");
  return html`<pb-document .kind=${found.kind} .ids=${found.ids}></pb-document>`;
}

/** The table of tags of an instance, beside the screens. */
export function tagsBeside(instance: string | undefined, close: () => void): TemplateResult {
  void import("./tag-table.ts");
  return html`<pb-tags .instance=${instance ?? ""} .close=${close}></pb-tags>`;
}
