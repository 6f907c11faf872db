// Our canonical rules (transforms/engine/spec.py and fold.py), read from the same table: what is one picture, one charge.

import { compare, ofNumber, rounded, times } from "./decimals.js";
import { read, Refused, write } from "./reading.js";

export { Refused };

const SCALED = ["w", "h", "padding", "radius", "gap", "mark-w", "mark-padding"];
const SCALED_WITHOUT_BOX = ["padding", "radius", "mark-w", "mark-padding"];
const LEAST_LENGTHS = { w: 1, h: 1, "mark-w": 2 };
const OF_MARK = ["mark-position", "mark-w", "mark-padding", "mark-opacity"];
const ASIDE = ["src", "mark", "select", "format", "download", "ttl"];
const UNCLEAN = /[\p{Cc}\p{Cs}]/u;

// The [name, value] pairs of a raw query, decoded once and strictly.
export function pairs(raw) {
  return raw.split("&").filter(Boolean).map((item) => {
    const at = item.indexOf("=");
    const [name, value] = at < 0 ? [item, ""] : [item.slice(0, at), item.slice(at + 1)];
    return [decoded(name), decoded(value)];
  });
}

export function decoded(text) {
  try {
    const found = decodeURIComponent(text.replaceAll("+", " "));
    if (!UNCLEAN.test(found)) return found;
  } catch { /* an escape that is none, or not UTF-8 */ }
  throw new Refused("", "The address is not valid percent-encoded UTF-8.");
}

// {endpoint, sources, mark, values, outside} of a request; throws Refused, with the parameter and a sentence.
export function parse(table, endpoint, raw, pathSource = null) {
  const names = table.names[endpoint];
  const texts = {}, written = {}, outside = {};
  for (const [name, text] of pairs(raw)) {
    const row = names[name];
    if (!row) throw new Refused(name, `/${endpoint} has no parameter ${name}.`);
    if (row.outside) { outside[row.name] = text; continue; }
    if (!row.available) throw new Refused(name, `${name} is not available.`);
    if (row.name in texts && !row.repeatable) throw new Refused(name, `${name} is given twice.`);
    (texts[row.name] ??= []).push(text);
    written[row.name] ??= name;
  }
  if (pathSource !== null) {
    if (texts.src || UNCLEAN.test(pathSource)) throw new Refused("src", "The path names the source already, or badly.");
    texts.src = [pathSource];
    written.src = "src";
  }
  const found = {};
  for (const name of Object.keys(texts)) {
    found[name] = texts[name].map((text) => read(table, names[name], written[name], text));
  }
  const sources = found.src ?? [];
  const plain = Object.fromEntries(
    Object.entries(found).filter(([name]) => !ASIDE.includes(name)).map(([name, [value]]) => [name, value]));
  checkPresence(table, endpoint, sources, plain);
  return {
    endpoint, sources, outside, mark: found.mark?.[0] ?? null, values: fold(table, endpoint, plain, written),
  };
}

function checkPresence(table, endpoint, sources, values) {
  const literal = endpoint.split("/")[1];
  const [least, most] = table.gridSources;
  if (endpoint.startsWith("placeholder")) {
    if (sources.length && literal in values) throw new Refused(literal, `${literal} and src exclude each other.`);
    if (!sources.length && !(literal in values)) throw new Refused("src", `src or ${literal} is missing.`);
    const absent = ["w", "h"].find((side) => !(side in values));
    if (!sources.length && absent) throw new Refused(absent, `${absent} is required where there is no src.`);
  } else if (!sources.length) throw new Refused("src", "src is missing.");
  if (endpoint === "grid" && !(least <= sources.length && sources.length <= most)) {
    throw new Refused("src", `src must be given ${least} to ${most} times.`);
  }
}

function fold(table, endpoint, plain, written) {
  let values = plain;
  if ("size" in values) {
    const { size, ...rest } = values;
    values = { w: size, h: size, ...rest };
  }
  if ("cols" in values) {
    const kind = values.type ?? "auto";
    if (kind === "row") throw new Refused(written.cols, "type=row is one row, and has no cols.");
    values = { ...values, type: kind === "auto" ? "classic" : kind };
  }
  values = scale(table, values);
  const idle = new Set(idleNames(values));
  if (!("src" in written)) idle.add("v");
  if (!("mark" in written)) OF_MARK.forEach((name) => idle.add(name));
  return Object.fromEntries(
    Object.entries(values).filter(([name, value]) => !idle.has(name) && !isDefault(table, endpoint, name, value, values)));
}

function scale(table, values) {
  const { dpr: given, ...rest } = values;
  const dpr = given || 1;
  const boxed = "w" in values || "h" in values;
  for (const name of boxed ? SCALED : SCALED_WITHOUT_BOX) {
    if (typeof rest[name] !== "number") continue;
    rest[name] = Math.max(rounded(times(rest[name], ofNumber(dpr))), LEAST_LENGTHS[name] ?? 0);
    if ((name === "w" || name === "h") && rest[name] > table.outputSide) {
      throw new Refused(name, `${name} times dpr is ${rest[name]} pixels; the box has at most ${table.outputSide} a side.`);
    }
  }
  return !boxed && compare(ofNumber(dpr), ofNumber(1)) !== 0 ? { ...rest, dpr } : rest;
}

function idleNames(values) {
  const idle = [];
  const fitless = !("w" in values && "h" in values);
  if (fitless || "blurhash" in values || "color" in values) idle.push("fit");
  if (fitless || !["cover", "pad"].includes(values.fit)) idle.push("position");
  if (values.fit === "pad" && ["smart", "entropy", "face", "0.5,0.5"].includes(write(values.position ?? ""))) idle.push("position");
  if (values.crop?.fractions?.join() === "0,0,1,1") idle.push("crop");
  return idle;
}

function isDefault(table, endpoint, name, value, values) {
  if (name === "cols" && values.type === "column") return value === 1;
  return value === table.names[endpoint][name].default;
}

// The picture's identity but for its sources, as the server has it.
export function canonical({ endpoint, values, mark }) {
  const written = Object.keys(values).sort().map((name) => `${name}=${write(values[name])}`);
  if (endpoint.startsWith("info")) return ["info", ...written];
  return [endpoint, ...written, ...(mark === null ? [] : ["mark"])];
}

// The half-credits of one operation.
export function halves(table, { endpoint, sources }) {
  const operation = endpoint.split("/")[0];
  return table.halves[operation] * (operation === "grid" ? sources.length : 1);
}
