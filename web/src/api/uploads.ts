// Sends files: with progress, which fetch does not tell, and with a way to stop.

import { address, headers, ServerError, send } from "./http.ts";

/** What became of one file; a ZIP that is sent whole has several. */
export interface Kept {
  ID: string;
  ParentStudy: string;
  Status: string; // "Success" or "AlreadyStored"
}

/** A file on its way. */
export interface Sending {
  done: Promise<Kept[]>; // ServerError, or one with status 0 when the connection was lost or it was stopped
  stop: () => void;
}

/** Send one file to a path of the server. */
export function sendFile(path: string, body: Blob, progress: (bytes: number) => void): Sending {
  const request = new XMLHttpRequest();
  request.open("POST", address(path));
  for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
  request.upload.onprogress = (event) => progress(event.loaded);
  const done = new Promise<Kept[]>((resolve, reject) => {
    const lost = () => reject(new ServerError(0, "The server cannot be reached."));
    request.onerror = lost;
    request.onabort = lost;
    request.onload = () => {
      const told = parsed(request.responseText);
      if (request.status === 200) resolve((Array.isArray(told) ? told : told ? [told] : []) as Kept[]);
      else reject(new ServerError(request.status, reasonIn(told) || `${request.status}`));
    };
  });
  request.send(body);
  return { done, stop: () => request.abort() };
}

/** What a teacher says about photographs and documents. */
export interface Caption {
  batch: string; // 16 to 64 letters and digits; what has the same one becomes one study
  patient: string;
  title: string;
  date: string; // YYYYMMDD or ''
}

/** Where a JPEG, PNG or PDF is sent to become DICOM. */
export function capturePath(caption: Caption, number: number): string {
  return `pacsberry/captures?${new URLSearchParams({ ...caption, number: `${number}` })}`;
}

/** Those of the instances that the server has. */
export function known(instances: string[]): Promise<string[]> {
  return send<string[]>("POST", "pacsberry/instances/known", instances);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonIn(told: unknown): string {
  const { Details = "", Message = "" } = (told ?? {}) as { Details?: string; Message?: string };
  return Details || Message;
}
