// What the admin's page shows and nobody changes there: storage, machine, box, backup, DICOM.

import { html, type TemplateResult } from "lit";
import type { Box, Storage } from "../api/box.ts";
import { personText } from "../parts/study-card.ts";
import { dateText, type Key, t } from "../words/index.ts";
import { countText, degreesText, durationText, momentText, sizeText } from "./amounts.ts";

type Facts = [Key, string | number | null | undefined | TemplateResult][];

/** A part of the page with a title. */
export function panel(title: Key, content: unknown): TemplateResult {
  return html`<section class="panel" aria-labelledby=${title}><h2 id=${title}>${t(title)}</h2>${content}</section>`;
}

/** Names and values; those without a value are left out. */
export function facts(all: Facts): TemplateResult {
  const known = all.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return html`<dl class="facts">${known.map(([name, value]) => html`<div><dt>${t(name)}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** How full it is, what is there, and who goes next; `names` of patients by identifier. */
export function storagePanel(storage: Storage, names: ReadonlyMap<string, string>): TemplateResult {
  const { Disk: disk, Archive: archive, Recycling: recycling, Prepared: prepared, Scrub: scrub } = storage;
  const free = t("admin.freeOf", { free: sizeText(disk.FreeSize), total: sizeText(disk.TotalSize) });
  return panel(
    "admin.storage",
    html`
      <progress max=${disk.TotalSize} .value=${disk.UsedSize} aria-label=${free}></progress>
      ${facts([
        ["admin.free", free],
        ["admin.keptFree", recycling?.KeepFreeSize ? sizeText(recycling.KeepFreeSize) : null],
        ["admin.limit", recycling?.MaximumStorageSize ? sizeText(recycling.MaximumStorageSize) : null],
        ["admin.patientLimit", recycling?.MaximumPatientCount || null],
        ["admin.studies", `${countText(archive.CountStudies)} · ${sizeText(archive.StoredSize)}`],
        ["admin.patients", countText(archive.CountPatients)],
        ["admin.pictures", countText(archive.CountInstances)],
        ["admin.prepared", prepared?.IsEnabled ? sizeText(prepared.Size) : null],
        ["admin.checked", scrub.CompletedAt ? momentText(scrub.CompletedAt) : t("admin.notYet")],
        ["admin.nextCheck", scrub.IsEnabled && scrub.DueAt ? momentText(scrub.DueAt) : null],
      ])}
      ${recycling?.NextToGo.length ? nextToGo(recycling, names) : ""} ${damagedFiles(storage)}
    `,
  );
}

function nextToGo(
  recycling: NonNullable<Storage["Recycling"]>,
  names: ReadonlyMap<string, string>,
): TemplateResult {
  const isRejecting = recycling.MaximumStorageMode === "Reject";
  return html`
    <details>
      <summary>${t("admin.nextToGo")}</summary>
      <p class="note">${isRejecting ? t("admin.rejects") : t("admin.recycles")}</p>
      <ol class="plain">
        ${recycling.NextToGo.map(
          ({ ID, CountInstances, Size, LastUpdate }) => html`<li>
            ${personText(names.get(ID) ?? "") || t("admin.nameless")}
            <span class="note">${t("studies.count", { count: countText(CountInstances) })} · ${sizeText(Size)} · ${momentText(LastUpdate)}</span>
          </li>`,
        )}
      </ol>
    </details>
  `;
}

function damagedFiles({ Damaged: damaged }: Storage): TemplateResult | "" {
  if (!damaged.Count) return "";
  const whose = (tags: Record<string, string> | null) =>
    [personText(tags?.PatientName ?? ""), dateText(tags?.StudyDate ?? ""), tags?.Modality]
      .filter(Boolean)
      .join(" · ");
  return html`
    <details>
      <summary>${t("admin.damagedFiles")}</summary>
      <ul class="plain">
        ${damaged.Files.map(
          ({ At, Why, Tags }) =>
            html`<li>${momentText(At ?? "")} ${whose(Tags)} <span class="note">${Why}</span></li>`,
        )}
      </ul>
    </details>
  `;
}

/** Memory, temperature, who is there. */
export function machinePanel(box: Box): TemplateResult {
  const { Memory: memory, Clients: clients } = box;
  const isKnown = memory.AvailableSize !== null;
  const total = sizeText(memory.TotalSize);
  return panel(
    "admin.machine",
    facts([
      [
        "admin.devices",
        t("admin.devicesNow", { count: countText(clients.Count), minutes: clients.Seconds / 60 }),
      ],
      ["admin.signedIn", clients.SignedIn.join(", ")],
      [
        "admin.memory",
        isKnown ? t("admin.freeOf", { free: sizeText(memory.AvailableSize ?? 0), total }) : total,
      ],
      ["admin.serverMemory", memory.ServerSize === null ? null : sizeText(memory.ServerSize)],
      ["admin.temperature", box.Temperature === null ? null : degreesText(box.Temperature)],
      ["admin.uptime", durationText(box.UptimeSeconds)],
      ["admin.version", box.Version],
    ]),
  );
}

const MODES: Record<string, Key> = {
  "access-point": "admin.mode.accessPoint",
  "external-access-point": "admin.mode.externalAccessPoint",
  client: "admin.mode.client",
};

/** How the class gets in; '' where there is no box. */
export function boxPanel({ Box: published }: Box): TemplateResult | "" {
  if (!published) return "";
  const { Facts: told, AgeSeconds: age } = published;
  const text = (name: string) => (["string", "number"].includes(typeof told[name]) ? `${told[name]}` : "");
  const mode = MODES[text("mode")];
  const wifi = text("wifi_name");
  const radio = t("admin.radio", { band: text("band"), channel: text("channel") });
  const tablets = text("seats")
    ? t("admin.seats", { count: text("stations"), seats: text("seats") })
    : text("stations");
  return panel(
    "admin.box",
    html`
      ${facts([
        ["admin.name", text("name")],
        ["admin.address", text("address") || text("site")],
        ["admin.mode", mode ? t(mode) : text("mode")],
        ["admin.wifi", wifi && `${wifi} · ${radio}`],
        ["admin.tablets", wifi && tablets],
        ["admin.leases", text("leases")],
      ])}
      <p class="note">${t("admin.age", { time: durationText(age) })}</p>
    `,
  );
}

/** The last backup. */
export function backupPanel({ LastBackup: last }: Storage): TemplateResult {
  return panel(
    "admin.backup",
    last
      ? facts([
          ["admin.last", momentText(last.At)],
          ["admin.target", last.Target],
          ["admin.pictures", countText(last.CountInstances)],
        ])
      : html`<p>${t("admin.never")}</p><p class="note">${t("admin.backupHow")} <code>pacsberry backup /media/…</code></p>`,
  );
}

/** What to set at a scanner, and which nodes are known. */
export function dicomPanel(box: Box): TemplateResult {
  const { Dicom: dicom, Nodes: nodes } = box;
  const here = dicom
    ? facts([
        ["admin.aet", html`<code>${dicom.AET}</code>`],
        ["admin.host", html`<code>${location.hostname}</code>`],
        ["admin.port", html`<code>${dicom.Port}</code>`],
      ])
    : html`<p>${t("admin.noDicom")}</p>`;
  return panel(
    "admin.dicom",
    html`
      <p class="note">${t("admin.dicomNote")}</p>
      ${here}
      <h3>${t("admin.nodes")}</h3>
      ${
        nodes.length
          ? html`<ul class="plain">
              ${nodes.map(({ Name, AET, Host, Port }) => html`<li>${Name} <span class="note">${AET} · ${Host}:${Port}</span></li>`)}
            </ul>`
          : html`<p class="note">${t("admin.noNodes")}</p>`
      }
    `,
  );
}
