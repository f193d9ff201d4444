// All texts in English; the other languages have the same names. {name} is filled in.

export const en = {
  "app.name": "Pacsberry",
  "app.notForDiagnosis": "For teaching, not for diagnosis",
  "app.studies": "Studies",
  "app.upload": "Upload",
  "app.admin": "Admin",
  "app.signIn": "Sign in",
  "app.signOut": "Sign out",
  "app.failed": "That did not work: {reason}",
  "app.again": "Try again",
  "studies.search": "Search",
  "studies.modality": "Modality",
  "studies.anyModality": "All modalities",
  "studies.label": "Label",
  "studies.anyLabel": "All labels",
  "studies.from": "From",
  "studies.to": "To",
  "studies.sort": "Order",
  "studies.sort.-date": "Newest first",
  "studies.sort.date": "Oldest first",
  "studies.sort.-received": "Last received",
  "studies.sort.name": "Name",
  "studies.sort.title": "Title",
  "studies.none": "No studies are found.",
  "studies.noneShown": "Nothing is shown yet. Your teacher decides what is.",
  "studies.more": "Show more",
  "studies.count": "{count} pictures",
  "studies.hidden": "Hidden from students",
  "studies.shown": "Shown to students",
  "studies.untitled": "Study without a name",
  "studies.series": "Series {number}",
} as const;

export type Key = keyof typeof en;
export type Words = Record<Key, string>;
