// Builds the page from values.  Texts become text nodes, never markup: names in DICOM files are written by strangers.

export function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else if (value === true) {
      element.setAttribute(name, "");
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  add(element, children);
  return element;
}

export function add(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) {
      add(element, child);
    } else if (child !== null && child !== undefined && child !== false) {
      element.append(child);
    }
  }
}

export function show(element, ...children) {
  while (element.firstChild) {
    element.firstChild.remove();
  }
  add(element, children);
}

// "DOE^JANE^^DR=…" is "DOE, JANE" (PS3.5 6.2.1.1): the first group that is filled, family name first.
export function personName(value) {
  const group = (value || "").split("=").find((part) => part.replace(/\^/g, "").trim() !== "") || "";
  const [family, given, middle] = group.split("^").map((part) => part.trim());
  const first = [given, middle].filter(Boolean).join(" ");
  return [family, first].filter(Boolean).join(", ") || "No name";
}

export function date(value) {
  return /^\d{8}$/.test(value || "") ? `${value.slice(0, 4)}-${value.slice(4, 6)}-${value.slice(6)}` : value || "";
}

export function bytes(count) {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (count >= 1000 && unit < units.length - 1) {
    count /= 1024;
    unit += 1;
  }
  return `${unit === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)} ${units[unit]}`;
}

export function counted(count, one, many) {
  return `${count} ${Number(count) === 1 ? one : many || `${one}s`}`;
}
