// Studies that came from this device and that nobody has looked through for names yet; kept over reloads, in all tabs.

const KEY = "pacsberry.toReview";

/** Their identifiers. */
export function unseen(): Set<string> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return new Set(Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : []);
  } catch {
    return new Set(); // a browser that keeps nothing, or something else under this name
  }
}

/** They have come, and have to be looked through. */
export function keepUnseen(studies: Iterable<string>): void {
  const before = unseen();
  const now = new Set([...before, ...studies]);
  if (now.size !== before.size) put(now);
}

/** Somebody has looked through a study, or it is gone. */
export function dropUnseen(study: string): void {
  const now = unseen();
  if (now.delete(study)) put(now);
}

function put(studies: Set<string>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify([...studies]));
  } catch {
    // full, or forbidden: then it holds for this page only
  }
}
