// The views of the minimal page; the part of the address behind # says which.

import { ROOT, PAGE, ask, find } from "./api.js";
import { bytes, counted, date, make, personName, show } from "./dom.js";
import * as upload from "./upload.js";

const view = document.getElementById("view");
const SEARCHES = {
  studies: { PatientName: "Name", PatientID: "Patient ID", StudyDescription: "Description", StudyDate: "Date", AccessionNumber: "Accession number" },
  patients: { PatientName: "Name", PatientID: "Patient ID", PatientBirthDate: "Birth date" },
};
let shown = 0; // counts views, so that a slow answer does not overwrite the next one

// ---- which view

function place() {
  const [path, query] = (window.location.hash.slice(1) || "/studies").split("?");
  return { parts: path.split("/").filter(Boolean), options: new URLSearchParams(query || "") };
}

function link(path, options) {
  const query = new URLSearchParams(options || {}).toString();
  return `#/${path}${query ? `?${query}` : ""}`;
}

async function route() {
  const { parts, options } = place();
  const [kind, id] = parts;
  const mine = (shown += 1);
  mark({ study: "studies", series: "studies", patient: "patients" }[kind] || kind);
  upload.watch(() => {});
  try {
    const content = await (VIEWS[kind] || VIEWS.studies)(kind || "studies", id, options);
    if (mine === shown) {
      show(view, content);
    }
    totals();
  } catch (error) {
    if (mine === shown) {
      show(view, make("p", { class: "notice", role: "alert" }, error.message));
    }
  }
}

function mark(tab) {
  for (const item of document.querySelectorAll("[data-tab]")) {
    if (item.dataset.tab === tab) {
      item.setAttribute("aria-current", "page");
    } else {
      item.removeAttribute("aria-current");
    }
  }
}

// ---- lists

async function list(kind, id, options) {
  const field = options.get("by") || "PatientName";
  const text = options.get("q") || "";
  const page = Math.max(0, Number(options.get("page")) || 0);
  const query = text ? { [field]: field.endsWith("Date") ? text.replace(/\D/g, "") : `*${text}*` } : {};
  const studies = kind !== "patients";
  const tags = studies ? ["ModalitiesInStudy", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"] : ["NumberOfPatientRelatedStudies"];
  const found = await find(studies ? "Study" : "Patient", query, page, tags);
  const name = studies ? "studies" : "patients";
  const lines = found.items.map((item) => make("li", {}, studies ? studyLine(item) : patientLine(item)));
  return [
    searchForm(name, field, text),
    lines.length ? make("ul", { class: "list" }, lines) : make("div", { class: "list empty" }, nothing(name, text)),
    page > 0 || found.more ? pager(name, options, page, found.items.length, found.more) : null,
  ];
}

function nothing(name, text) {
  if (text) {
    return `No ${name} match “${text}”.`;
  }
  return make("div", {}, make("p", {}, `No ${name} yet.`), make("a", { class: "button primary", href: "#/upload" }, "Upload the first"));
}

function searchForm(name, field, text) {
  const options = Object.entries(SEARCHES[name]).map(([tag, label]) => make("option", { value: tag, selected: tag === field }, label));
  const by = make("select", { "aria-label": "Search in" }, options);
  const input = make("input", { type: "search", value: text, placeholder: `Search ${name}`, "aria-label": `Search ${name}`, autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
  const submit = (event) => {
    event.preventDefault();
    window.location.hash = link(name, input.value.trim() ? { by: by.value, q: input.value.trim() } : {});
  };
  return make("form", { class: "row", role: "search", onsubmit: submit }, by, make("div", { class: "grow" }, input), make("button", { class: "primary" }, "Search"), text ? make("a", { class: "button", href: link(name) }, "All") : null);
}

function studyLine(study) {
  const tags = study.MainDicomTags;
  const patient = study.PatientMainDicomTags || {};
  const counts = study.RequestedTags || {};
  const modalities = (counts.ModalitiesInStudy || "").split("\\").filter(Boolean);
  return make(
    "a",
    { class: "line", href: link(`study/${study.ID}`) },
    make("div", {}, make("strong", {}, personName(patient.PatientName)), make("span", { class: "quiet" }, patient.PatientID || "No ID")),
    make("div", {}, make("span", {}, tags.StudyDescription || "No description"), make("span", { class: "quiet" }, date(tags.StudyDate) || "No date")),
    make("div", { class: "end" }, make("span", { class: "badges" }, modalities.map((one) => make("span", { class: "badge" }, one))), make("span", { class: "quiet" }, images(counts.NumberOfStudyRelatedInstances))),
    make("span", { class: "arrow", "aria-hidden": "true" }, "›"),
  );
}

function images(count) {
  return count === undefined ? "" : counted(count, "image");
}

function patientLine(patient) {
  const tags = patient.MainDicomTags;
  const facts = [tags.PatientID || "No ID", date(tags.PatientBirthDate), tags.PatientSex].filter(Boolean);
  return make(
    "a",
    { class: "line three", href: link(`patient/${patient.ID}`) },
    make("div", {}, make("strong", {}, personName(tags.PatientName)), make("span", { class: "quiet" }, facts.join(" · "))),
    make("div", { class: "end quiet" }, counted(patient.Studies.length, "study", "studies")),
    make("span", { class: "arrow", "aria-hidden": "true" }, "›"),
  );
}

function pager(name, options, page, count, more) {
  const to = (target) => {
    const next = new URLSearchParams(options);
    next.set("page", target);
    return link(name, next);
  };
  return make(
    "div",
    { class: "row pager" },
    page > 0 ? make("a", { class: "button", href: to(page - 1) }, "‹ Previous") : make("button", { disabled: true }, "‹ Previous"),
    make("span", { class: "quiet" }, `${page * PAGE + 1}–${page * PAGE + count}`),
    more ? make("a", { class: "button", href: to(page + 1) }, "Next ›") : make("button", { disabled: true }, "Next ›"),
  );
}

// ---- one patient, study or series

async function patient(kind, id) {
  const it = await ask(`patients/${encodeURIComponent(id)}`);
  const studies = await ask(`patients/${encodeURIComponent(id)}/studies?requested-tags=ModalitiesInStudy;NumberOfStudyRelatedInstances`);
  const tags = it.MainDicomTags;
  return [
    sheet(personName(tags.PatientName), { "Patient ID": tags.PatientID, "Birth date": date(tags.PatientBirthDate), Sex: tags.PatientSex }, "patients", it.ID, "#/patients", `this patient with ${counted(studies.length, "study", "studies")}`),
    make("h2", {}, counted(studies.length, "study", "studies")),
    make("ul", { class: "list" }, studies.map((study) => make("li", {}, studyLine(study)))),
  ];
}

async function study(kind, id) {
  const it = await ask(`studies/${encodeURIComponent(id)}`);
  const series = await ask(`studies/${encodeURIComponent(id)}/series`);
  const tags = it.MainDicomTags;
  const who = it.PatientMainDicomTags || {};
  series.sort((a, b) => Number(a.MainDicomTags.SeriesNumber) - Number(b.MainDicomTags.SeriesNumber));
  return [
    make("div", { class: "trail" }, make("a", { href: link(`patient/${it.ParentPatient}`) }, personName(who.PatientName))),
    sheet(tags.StudyDescription || "Study without description", { Patient: `${personName(who.PatientName)} · ${who.PatientID || "No ID"}`, Date: date(tags.StudyDate), "Accession number": tags.AccessionNumber, Institution: tags.InstitutionName, "Referred by": tags.ReferringPhysicianName && personName(tags.ReferringPhysicianName) }, "studies", it.ID, "#/studies", `this study with ${counted(series.length, "series", "series")}`),
    make("h2", {}, counted(series.length, "series", "series")),
    make("ul", { class: "list" }, series.map((one) => make("li", {}, seriesLine(one)))),
  ];
}

function seriesLine(series) {
  const tags = series.MainDicomTags;
  return make(
    "a",
    { class: "line three", href: link(`series/${series.ID}`) },
    make("div", {}, make("strong", {}, tags.SeriesDescription || tags.ProtocolName || "Series without description"), make("span", { class: "quiet" }, [tags.SeriesNumber && `No. ${tags.SeriesNumber}`, tags.BodyPartExamined, tags.StationName].filter(Boolean).join(" · "))),
    make("div", { class: "end" }, make("span", { class: "badges" }, tags.Modality ? make("span", { class: "badge" }, tags.Modality) : null), make("span", { class: "quiet" }, images(series.Instances.length))),
    make("span", { class: "arrow", "aria-hidden": "true" }, "›"),
  );
}

async function series(kind, id) {
  const it = await ask(`series/${encodeURIComponent(id)}`);
  const above = await ask(`studies/${encodeURIComponent(it.ParentStudy)}`);
  const instances = await ask(`series/${encodeURIComponent(id)}/instances`);
  const tags = it.MainDicomTags;
  const number = (one) => Number(one.MainDicomTags.InstanceNumber || one.IndexInSeries || 0);
  instances.sort((a, b) => number(a) - number(b));
  return [
    make("div", { class: "trail" }, make("a", { href: link(`patient/${above.ParentPatient}`) }, personName((above.PatientMainDicomTags || {}).PatientName)), make("a", { href: link(`study/${above.ID}`) }, above.MainDicomTags.StudyDescription || "Study")),
    sheet(tags.SeriesDescription || tags.ProtocolName || "Series without description", { Modality: tags.Modality, "Body part": tags.BodyPartExamined, Station: tags.StationName, Manufacturer: tags.Manufacturer }, "series", it.ID, link(`study/${above.ID}`), `this series with ${images(instances.length)}`),
    make("h2", {}, images(instances.length)),
    make("ul", { class: "instances" }, instances.map((one, index) => make("li", {}, make("a", { href: `${ROOT}instances/${one.ID}/file`, download: true }, make("span", {}, `Image ${one.MainDicomTags.InstanceNumber || index + 1}`), make("span", { class: "quiet" }, bytes(one.FileSize)))))),
  ];
}

function sheet(title, facts, level, id, after, what) {
  const pairs = Object.entries(facts).filter(([, value]) => value);
  const actions = make("div", { class: "row" });
  const offer = () =>
    show(actions, make("a", { class: "button primary", href: `${ROOT}${level}/${id}/archive`, download: true }, "Download ZIP"), make("button", { class: "danger", onclick: confirm }, "Delete…"));
  const confirm = () =>
    show(actions, make("div", { class: "row ask grow", role: "alert" }, make("span", {}, `Delete ${what}? This cannot be undone.`), make("button", { class: "danger primary", onclick: remove }, "Delete"), make("button", { onclick: offer }, "Keep")));
  const remove = async () => {
    try {
      await ask(`${level}/${id}`, "DELETE");
      window.location.hash = after;
    } catch (error) {
      show(actions, make("p", { class: "notice", role: "alert" }, error.message));
    }
  };
  offer();
  return make("section", { class: "sheet" }, make("h1", {}, title), make("dl", {}, pairs.map(([label, value]) => [make("dt", {}, label), make("dd", {}, value)])), actions);
}

// ---- upload

async function uploads() {
  const progress = make("div", { "aria-live": "polite" });
  const pick = (input) => input.addEventListener("change", () => upload.start([...input.files]));
  const files = make("input", { type: "file", multiple: true, id: "pick-files" });
  const folder = make("input", { type: "file", webkitdirectory: true, id: "pick-folder" });
  [files, folder].forEach(pick);
  upload.watch(() => {
    show(progress, progressOf(upload.state));
    if (!upload.isRunning()) {
      totals();
    }
  });
  show(progress, progressOf(upload.state));
  return [
    make(
      "div",
      { class: "drop" },
      make("h1", {}, "Add images"),
      make("p", { class: "quiet" }, "Drop DICOM files, folders or ZIP files anywhere on this page, or choose them."),
      make("div", { class: "row" }, make("label", { class: "button primary", for: "pick-files" }, "Choose files", files), "webkitdirectory" in folder ? make("label", { class: "button", for: "pick-folder" }, "Choose a folder", folder) : null),
    ),
    progress,
  ];
}

function progressOf(state) {
  if (!state.total) {
    return null;
  }
  const sent = state.sentBytes + state.current;
  const share = state.totalBytes ? Math.min(1, sent / state.totalBytes) : state.done / state.total;
  const fill = make("div", {});
  fill.style.transform = `scaleX(${share})`;
  const summary = [state.stored && `${images(state.stored)} stored`, state.known && `${images(state.known)} already here`, state.failed.length && `${counted(state.failed.length, "file")} refused`].filter(Boolean);
  return [
    make("h2", {}, upload.isRunning() ? `Uploading file ${Math.min(state.done + 1, state.total)} of ${state.total}` : "Upload finished"),
    make("div", { class: "track", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": Math.round(share * 100) }, fill),
    make("p", { class: upload.isRunning() ? "quiet" : "good" }, upload.isRunning() ? `${bytes(sent)} of ${bytes(state.totalBytes)}` : summary.join(", ")),
    !upload.isRunning() && state.stored + state.known > 0 ? make("p", {}, make("a", { class: "button", href: "#/studies" }, "Show the studies")) : null,
    state.failed.slice(0, 20).map((one) => make("p", { class: "notice" }, make("strong", {}, one.name), " ", one.why)),
    state.failed.length > 20 ? make("p", { class: "quiet" }, `… and ${state.failed.length - 20} more.`) : null,
  ];
}

const VIEWS = { studies: list, patients: list, patient, study, series, upload: uploads };

function listenForDrops() {
  const hint = document.getElementById("drop-hint");
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    hint.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    hint.hidden = event.relatedTarget === null;
  });
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    hint.hidden = true;
    const files = await upload.filesOf(event.dataTransfer);
    upload.start(files);
    window.location.hash = "#/upload";
  });
}

async function totals() {
  try {
    const [system, counts] = [await ask("system"), await ask("statistics")];
    document.getElementById("server-name").textContent = system.Name || "Pacsberry";
    document.title = system.Name || "Pacsberry";
    document.getElementById("totals").textContent = `${counted(counts.CountStudies, "study", "studies")} · ${images(counts.CountInstances)} · ${bytes(Number(counts.TotalDiskSize))}`;
  } catch (error) {
    document.getElementById("totals").textContent = "";
  }
}

window.addEventListener("hashchange", () => {
  window.scrollTo(0, 0);
  route();
});
listenForDrops();
route();
