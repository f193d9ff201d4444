// Asks the REST interface.  Every address is relative to app/, so the page also works below a sub-path of a proxy.

export const ROOT = "../";

export async function ask(path, method, value) {
  const options = { method: method || "GET", credentials: "same-origin", headers: { Accept: "application/json" } };
  if (value !== undefined) {
    options.body = JSON.stringify(value);
  }
  let answer;
  try {
    answer = await fetch(ROOT + path, options);
  } catch (error) {
    throw new Error("The server does not answer. Is this device still in its network?");
  }
  const text = await answer.text();
  if (!answer.ok) {
    throw new Error(reason(answer.status, text));
  }
  return text ? JSON.parse(text) : null;
}

// The sentence in an error answer, whatever its Content-Type says.
export function reason(status, text) {
  try {
    const told = JSON.parse(text);
    return told.Details || told.Message || `The server answers ${status}.`;
  } catch (error) {
    return status === 404 ? "This is not here any more." : `The server answers ${status}.`;
  }
}

export const PAGE = 50;

// One page of a level, and whether there is another.
export async function find(level, query, page, requestedTags) {
  const found = await ask("tools/find", "POST", {
    Level: level,
    Query: query,
    Expand: true,
    Since: page * PAGE,
    Limit: PAGE + 1,
    OrderBy: [{ Type: "Metadata", Key: "LastUpdate", Direction: "DESC" }],
    RequestedTags: requestedTags,
  });
  return { items: found.slice(0, PAGE), more: found.length > PAGE };
}
