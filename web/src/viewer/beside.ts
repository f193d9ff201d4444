// What stands beside or instead of pictures: the table of tags, and documents, reports and videos of a series.
// Knows only which there are; what shows them is loaded when it is looked at.

import { html, type TemplateResult } from "lit";
import type { Instance, Manifest } from "../api/pictures.ts";

export type DocumentKind = "pdf" | "report" | "video";

const PDF = "1.2.840.10008.5.1.4.1.1.104.1";
const REPORTS = "1.2.840.10008.5.1.4.1.1.88."; // all structured reports, key objects too
const VIDEOS = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.77\.1\.[124]\.1$/; // endoscopic, microscopic, photographic: video only
const VIDEO = /^1\.2\.840\.10008\.1\.2\.4\.10[2-8](\.1)?$/; // transfer syntaxes of H.264 and H.265

/** What a series holds that is no picture: its kind and the instances; undefined when it is pictures. */
export function documentsOf(told: Manifest | undefined): { kind: DocumentKind; ids: string[] } | undefined {
  const kindOfOne = (instance: Instance | undefined) => {
    const value = (keyword: string) => `${instance?.[keyword] ?? told?.Shared[keyword] ?? ""}`;
    return kindOf(value("SOPClassUID"), value("AvailableTransferSyntaxUID"));
  };
  const kind = kindOfOne(told?.Instances[0]); // asked for with every picture that is drawn: the rest only when it counts
  if (!told || !kind) return undefined;
  return { kind, ids: told.Instances.filter((one) => kindOfOne(one) === kind).map(({ ID }) => ID) };
}

function kindOf(sopClass: string, transferSyntax: string): DocumentKind | undefined {
  if (sopClass === PDF) return "pdf";
  if (sopClass.startsWith(REPORTS)) return "report";
  return VIDEOS.test(sopClass) || VIDEO.test(transferSyntax) ? "video" : undefined;
}

/** The document of a series on its screen; '' when it is pictures. */
export function documentIn(told: Manifest | undefined): TemplateResult | "" {
  const found = documentsOf(told);
  if (!found) return "";
  void import("./document.ts");
  return html`<pb-document .kind=${found.kind} .ids=${found.ids}></pb-document>`;
}

/** Leave the place of a thumbnail empty: what is no picture has none. */
export function leaveEmpty(event: Event): void {
  (event.target as HTMLElement).style.visibility = "hidden";
}

/** The table of tags of an instance, beside the screens. */
export function tagsBeside(instance: string | undefined, close: () => void): TemplateResult {
  void import("./tag-table.ts");
  return html`<pb-tags .instance=${instance ?? ""} .close=${close}></pb-tags>`;
}
