// Stands for packages that Cornerstone's own dependencies import for what the viewer never does: writing XML (vtk.js) with the
// events of Node that this needs, without which the built bundle dies when it starts; files of Node (the decoders).

/** There is nothing to build XML with. */
export function create(): never {
  throw new Error("XML is not written here.");
}
