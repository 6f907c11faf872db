// Variant explosions: one value of an address that keeps changing, and so makes a new picture of each request.

import { splitSource } from "./sources.js";

export const FEWEST = 10; // distinct values in one place, from which on it is told

// Each place whose value changes while all else stays: {where, kind, values, extra (half-credits), example}, worst first.
export function explosions(operations) {
  const places = new Map();
  for (const operation of operations) {
    for (const { where, kind, value, rest } of variations(operation)) {
      const place = places.get(where) ?? { where, kind, groups: new Map() };
      const group = place.groups.get(rest) ?? { values: new Set(), cost: operation.cost };
      group.values.add(value);
      place.groups.set(rest, group);
      places.set(where, place);
    }
  }
  return [...places.values()].map(weighed).filter((place) => place.values >= FEWEST).sort((a, b) => b.extra - a.extra);
}

function weighed({ where, kind, groups }) {
  let values = 0, extra = 0, example = [];
  for (const group of groups.values()) {
    if (group.values.size > values) example = [...group.values].slice(0, 3);
    values = Math.max(values, group.values.size);
    if (group.values.size >= FEWEST) extra += (group.values.size - 1) * group.cost;
  }
  return { where, kind, values, extra, example };
}

function* variations({ identity, sources }) {
  for (const [index, item] of identity.entries()) {
    const at = item.indexOf("=");
    if (index === 0 || at < 0) continue;
    const rest = identity.filter((_, other) => other !== index);
    yield { where: item.slice(0, at), kind: "parameter", value: item.slice(at + 1), rest: JSON.stringify([rest, sources]) };
  }
  for (const [index, source] of sources.entries()) {
    const [path, query] = splitSource(source);
    for (const [place, [name, value]] of query.entries()) {
      const others = query.filter((_, other) => other !== place);
      const left = sources.map((one, other) => (other === index ? [path, others] : one));
      yield { where: name, kind: "query", value, rest: JSON.stringify([identity, left]) };
    }
  }
}
