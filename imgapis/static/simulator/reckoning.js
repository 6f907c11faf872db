// From pasted text to a bill: what each line asks for here, what is unique, what a month costs, which plan is cheapest.

import { canonical, halves, pairs, parse, Refused } from "./canonical.js";
import { canonicalSource } from "./sources.js";
import { requests, split } from "./lines.js";
import * as cloudflare from "./vendors/cloudflare.js";
import * as cloudinary from "./vendors/cloudinary.js";
import * as imgix from "./vendors/imgix.js";
import * as imgproxy from "./vendors/imgproxy.js";

const OURS = /^\/(transform|info(?:\/(?:metadata|colors|blurhash))?|grid|placeholder\/(?:blurhash|color))(?:\/(.*))?$/;
const VENDORS = [cloudflare, cloudinary, imgproxy, imgix];
const DAY = 86_400_000;
export const MONTH_DAYS = 30;

// {vendor, endpoint, query, lost, asked} of an address; null where it is no image address we know.
export function translate(table, address, sourceName) {
  const place = split(address);
  const ours = OURS.exec(place.path);
  if (ours) return { vendor: "ours", endpoint: ours[1], query: place.query, pathSource: ours[2] ? decodePath(ours[2]) : null, lost: [] };
  const vendor = VENDORS.find((one) => one.matches(place));
  if (!vendor) return null;
  const asked = vendor.read(place, sourceName);
  const lost = [...asked.lost];
  // A parameter that is not ours in that form is lost, the picture is not.
  const fitting = withoutRefused(table, asked, lost);
  return { vendor: vendor.name, endpoint: asked.endpoint, query: fitting, pathSource: null, lost };
}

function decodePath(path) {
  try { return decodeURIComponent(path); } catch { throw new Refused("src", "The path is not valid percent-encoded UTF-8."); }
}

function withoutRefused(table, asked, lost) {
  if (asked.endpoint.startsWith("info")) asked.params.clear();
  for (let tries = 0; tries < 20; tries += 1) {
    try {
      parse(table, asked.endpoint, asked.query);
      return asked.query;
    } catch (refused) {
      if (!(refused instanceof Refused) || !asked.params.delete(refused.param)) throw refused;
      lost.push(`${refused.param}: ${refused.message}`);
    }
  }
  return asked.query;
}

// What one request is: its operation's key, cost, and the pieces that may vary.
export function operation(table, found) {
  const spec = parse(table, found.endpoint, found.query, found.pathSource);
  const sources = [...spec.sources, ...(spec.mark === null ? [] : [spec.mark])].map(canonicalSource);
  const preset = spec.outside.preset === undefined ? [] : [`preset=${spec.outside.preset}`];
  const identity = [...canonical(spec), ...preset];
  return { key: JSON.stringify([identity, sources]), identity, sources, cost: halves(table, spec), daily: identity[0] === "info" };
}

export function reckon(table, text, { sourceName = "photos" } = {}) {
  const tally = { lines: 0, unbilled: 0, unknown: 0, refused: new Map(), vendors: new Map(), operations: new Map(), samples: new Map() };
  const memory = new Map();
  let first = null, last = null;
  for (const { address, time, billable } of requests(text)) {
    tally.lines += 1;
    if (time !== null) {
      first = first === null ? time : Math.min(first, time);
      last = last === null ? time : Math.max(last, time);
    }
    if (!billable) { tally.unbilled += 1; continue; }
    if (!memory.has(address)) memory.set(address, look(table, address, sourceName, tally));
    count(tally, memory.get(address), time);
  }
  return { ...tally, firstTime: first, days: first === null || last === first ? null : Math.max(1, (last - first) / DAY) };
}

function look(table, address, sourceName, tally) {
  let found;
  try {
    found = translate(table, address, sourceName);
    if (found === null) return null;
    const one = operation(table, found);
    tally.samples.set(address, { ...found, operation: one });
    return { vendor: found.vendor, operation: one };
  } catch (refused) {
    if (!(refused instanceof Refused || refused instanceof URIError || refused.name === "InvalidCharacterError")) throw refused;
    return { vendor: found?.vendor ?? "", refused: refused.message };
  }
}

function count(tally, seen, time) {
  if (seen === null) { tally.unknown += 1; return; }
  if (seen.refused) { tally.refused.set(seen.refused, (tally.refused.get(seen.refused) ?? 0) + 1); return; }
  tally.vendors.set(seen.vendor, (tally.vendors.get(seen.vendor) ?? 0) + 1);
  const { key } = seen.operation;
  const known = tally.operations.get(key) ?? { ...seen.operation, asked: 0, order: tally.operations.size, line: tally.lines, charges: 0, until: -Infinity };
  known.asked += 1;
  // One charge a year; /info's is a day's. Without times each day of the sample may be asked once.
  if (known.charges === 0 || (known.daily && time !== null && time >= known.until)) {
    known.charges += 1;
    known.until = time === null ? Infinity : time + DAY;
  }
  tally.operations.set(key, known);
}

// Half-credits of the first month and of a later one, from a sample of so many days. New operations go on appearing as
// they did in the sample's second half; what was seen is free for a year.
export function predict(result, days) {
  const all = [...result.operations.values()];
  const yearly = all.filter((one) => !one.daily);
  const late = yearly.filter((one) => one.line > result.lines / 2);
  const seen = sum(yearly);
  const rate = sum(late) / (days / 2);
  const timed = result.firstTime !== null;
  const daily = sum(all.filter((one) => one.daily), (one) => one.cost * (timed ? one.charges : Math.min(one.asked, Math.ceil(days))));
  const info = (daily / days) * MONTH_DAYS;
  const month = days >= MONTH_DAYS ? (seen / days) * MONTH_DAYS : seen + rate * (MONTH_DAYS - days);
  return { seen: seen + daily, first: Math.ceil(month + info), later: Math.ceil(rate * MONTH_DAYS + info) };
}

const sum = (rows, of = (row) => row.cost) => rows.reduce((total, row) => total + of(row), 0);

// A month's cents in a plan; a plan without overage that is too small is no choice.
export function costOf(plan, credits) {
  const beyond = Math.max(0, credits - plan.credits);
  if (beyond && plan.overage === null) return null;
  return plan.monthly + Math.floor((beyond * (plan.overage ?? 0)) / 1000);
}

export function cheapest(plans, credits) {
  const fitting = plans.filter((plan) => costOf(plan, credits) !== null);
  return fitting.reduce((best, plan) => {
    const [cents, least] = [costOf(plan, credits), costOf(best, credits)];
    return cents < least || (cents === least && plan.credits < best.credits) ? plan : best;
  });
}

export { pairs };
