// One spelling for each full-URL source, as transforms/locations.py has it; a named source and a path stay as they are.

const FULL_URL = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//;
const ESCAPE = /%([0-9A-Fa-f]{2})/g;
const UNRESERVED = /[A-Za-z0-9._~-]/;

export function canonicalSource(text) {
  if (!FULL_URL.test(text)) return text;
  try {
    const url = new URL(text);
    return `${url.protocol}//${url.host.replace(/\.(?=:|$)/, "")}${escapes(url.pathname)}${escapes(url.search)}`;
  } catch {
    return text;
  }
}

function escapes(text) {
  return text.replace(ESCAPE, (escape, hex) => {
    const character = String.fromCharCode(parseInt(hex, 16));
    return UNRESERVED.test(character) ? character : escape.toUpperCase();
  });
}

// The source without its query, and the query's [name, value] pairs as written.
export function splitSource(text) {
  const at = text.indexOf("?");
  if (at < 0) return [text, []];
  return [text.slice(0, at), text.slice(at + 1).split("&").filter(Boolean).map((item) => {
    const equals = item.indexOf("=");
    return equals < 0 ? [item, ""] : [item.slice(0, equals), item.slice(equals + 1)];
  })];
}
