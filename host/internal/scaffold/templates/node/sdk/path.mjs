// The escaped path of a resource. The host refuses what no path can hold as an attempt to leave the API; here it is
// most likely an id that the caller got wrong.
import { invalidArgument } from "./errors.mjs";

const maxPathBytes = 4096;

/** The path of segments below /api/v2/. Each is taken as it is: an id with a slash stays one segment. */
export function pathOf(segments) {
  for (const segment of segments) {
    const problem = segmentProblem(segment);
    if (problem) throw invalidArgument(`${JSON.stringify(segment)} ${problem}: check the ids`);
  }
  const path = "/api/v2/" + segments.map(encodeURIComponent).join("/");
  if (path.length > maxPathBytes) throw invalidArgument(`a path is longer than ${maxPathBytes} bytes: check the ids`);
  return path;
}

function segmentProblem(segment) {
  if (segment === "") return "is empty";
  if (!segment.isWellFormed()) return "is not Unicode";
  const bytes = decoded(Buffer.from(segment).toString("latin1"));
  if (/[\0-\x1f\x7f]|\xc2[\x80-\x9f]/.test(bytes)) return "holds a control character";
  const elements = bytes.split(/[/\\]/).map((element) => element.replace(/[;?#].*/s, ""));
  if (elements.some((element) => element === "." || element === "..")) return 'has "." or ".." for an element';
}

/** What any number of decodings would make of bytes, with forms of ".", "/" and "\" that are no valid UTF-8. */
function decoded(bytes) {
  for (let before; before !== bytes; ) {
    before = bytes;
    bytes = bytes.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  }
  return bytes
    .replace(/\xc0\xae|\xe0\x80\xae|\xf0\x80\x80\xae/g, ".")
    .replace(/\xc0\xaf|\xe0\x80\xaf|\xf0\x80\x80\xaf/g, "/")
    .replace(/\xc1\x9c|\xe0\x81\x9c|\xf0\x80\x81\x9c/g, "\\");
}
