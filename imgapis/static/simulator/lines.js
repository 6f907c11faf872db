// Finds the image request in a line: an access log's request, a JSON or tab-separated log's fields, or bare addresses.

const REQUEST = /"(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH) (\S+)(?: HTTP\/[0-9.]+)?"(?: (\d{3}))?/;
const ADDRESS = /https?:\/\/[^\s"'<>`]+|(?<=^|\s)\/[^\s"'<>`]+/g;
const APACHE_TIME = /\[(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})\]/;
const ISO_TIME = /\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?/;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const URL_KEYS = ["url", "request_url", "ClientRequestURI", "uri", "request_uri", "path", "request"];
const HOST_KEYS = ["host", "ClientRequestHost", "http_host"];
const METHOD_KEYS = ["method", "request_method", "ClientRequestMethod"];
const STATUS_KEYS = ["status", "EdgeResponseStatus", "status_code"];
const UNBILLED_METHODS = ["HEAD", "OPTIONS"];

// The requests of pasted text: {address, time (ms or null), billable}. `fields` of a W3C log are kept between lines.
export function* requests(text) {
  let fields = null;
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) {
      if (line.startsWith("#Fields:")) fields = line.slice(8).trim().split(/\s+/);
    } else if (line.trim()) yield* ofLine(line, fields);
  }
}

function* ofLine(line, fields) {
  const time = timeOf(line);
  const match = REQUEST.exec(line);
  if (match) yield request(match[2], time, match[1], match[3]);
  else if (line.trimStart().startsWith("{")) yield* ofJson(line, time);
  else if (fields) yield ofFields(line.split("\t"), fields, time);
  else for (const [address] of line.replaceAll("&amp;", "&").matchAll(ADDRESS)) yield request(trimmed(address), time);
}

// Sentences and srcset put a full stop or a comma after an address.
const trimmed = (address) => address.replace(/[.,;)\]]+$/, "");

const request = (address, time, method = "GET", status = "200") => ({
  address, time, billable: !UNBILLED_METHODS.includes(method) && Number(status) < 400 && Number(status) !== 304,
});

function* ofJson(line, time) {
  let row;
  try { row = JSON.parse(line); } catch { return; }
  const first = (keys) => row[keys.find((key) => row[key] !== undefined)];
  const written = String(first(URL_KEYS) ?? "");
  const path = /^[A-Z]+ (\S+)/.exec(written)?.[1] ?? written;
  const host = first(HOST_KEYS);
  if (path) yield request(host && path.startsWith("/") ? `https://${host}${path}` : path, time, first(METHOD_KEYS), first(STATUS_KEYS));
}

function ofFields(values, fields, time) {
  const row = Object.fromEntries(fields.map((name, index) => [name, values[index] ?? "-"]));
  const query = row["cs-uri-query"] && row["cs-uri-query"] !== "-" ? `?${row["cs-uri-query"]}` : "";
  const host = row["x-host-header"] ?? row["cs(Host)"];
  const at = row.date && row.time ? Date.parse(`${row.date}T${row.time}Z`) : time;
  return request(`${host ? `https://${host}` : ""}${row["cs-uri-stem"]}${query}`, at, row["cs-method"], row["sc-status"]);
}

function timeOf(line) {
  const apache = APACHE_TIME.exec(line);
  if (apache) {
    const [, day, month, year, clock, hours, minutes] = apache;
    const number = String(MONTHS.indexOf(month) + 1).padStart(2, "0");
    return Date.parse(`${year}-${number}-${day}T${clock}${hours}:${minutes}`) || null;
  }
  const iso = ISO_TIME.exec(line);
  return (iso && Date.parse(iso[0].replace(" ", "T"))) || null;
}

// {host, path, query} of an address, none of it decoded. Without a host it is empty.
export function split(address) {
  const match = /^(?:https?:\/\/([^/?#]+))?([^?#]*)\??([^#]*)/.exec(address);
  return { host: (match[1] ?? "").toLowerCase(), path: match[2] || "/", query: match[3] };
}
