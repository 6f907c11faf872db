// Reads one parameter's text as the server does (transforms/engine/reading.py), and writes its one canonical text.

import { compare, decimal, isZero, minus, modulo, ofNumber, plain, toNumber } from "./decimals.js";

const WHOLE = /^(?:0|[1-9][0-9]{0,8})$/;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;
const HEX = /^#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/;
const NUMBER_CHARACTERS = 20;
const BASE_83 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";
const ONE = decimal("1");
const ZERO = decimal("0");

export class Refused extends Error {
  constructor(param, message) {
    super(message);
    this.param = param;
  }
}

const refuse = () => { throw new Refused("", ""); };

function exact(text) {
  if (text.length > NUMBER_CHARACTERS || !NUMBER.test(text)) refuse();
  return decimal(text);
}

function ranged(row, text) {
  const value = exact(text);
  if (compare(value, ofNumber(row.least)) < 0 || compare(value, ofNumber(row.most)) > 0) refuse();
  return value;
}

function unit(text) {
  const value = exact(text);
  if (compare(value, ZERO) < 0 || compare(value, ONE) > 0) refuse();
  return value;
}

function parts(text, count) {
  const found = text.split(",");
  if (found.length !== count) refuse();
  return found;
}

function integer(row, text) {
  if (row.choices.includes(text)) return text;
  if (!WHOLE.test(text)) refuse();
  const value = Number(text);
  const allowed = row.least === null
    ? row.choices.includes(value)
    : row.least <= value && (row.most === null || value <= row.most);
  return allowed ? value : refuse();
}

// Pixels as a number, a share of the picture as {share}: 1 is the whole of it.
function length(row, text) {
  const share = toNumber(exact(text));
  return share > 0 && share <= 1 ? { share } : integer(row, text);
}

function angle(row, text) {
  const value = toNumber(modulo(ranged(row, text), 360));
  return value === 360 ? 0 : value;
}

function choice(row, text) {
  const word = Object.fromEntries(row.spelled)[text] ?? text;
  return row.choices.includes(word) ? word : refuse();
}

function colour(row, text) {
  const match = HEX.exec(text.toLowerCase());
  if (!match || /[^\0-\x7f]/.test(text)) refuse();
  const digits = match[1].length > 4 ? match[1] : match[1].replace(/./g, "$&$&");
  return digits.slice(6) === "ff" ? digits.slice(0, 6) : digits;
}

function position(row, text, names) {
  if (row.choices.includes(text)) return text;
  const [x, y] = parts(text, 2).map((part) => toNumber(unit(part)));
  return names[`${x},${y}`] ?? [x, y];
}

// The middle in numbers is not the default: the default may give way to a focal point.
function focus(row, text, names) {
  const where = position(row, text, names);
  return where === row.default && text !== row.default ? [0.5, 0.5] : where;
}

function pixels(row, text) {
  if (!WHOLE.test(text) || Number(text) > row.most) refuse();
  return Number(text);
}

function crop(row, text) {
  const found = parts(text, 4);
  if (text.includes(".") || found.map(exact).every((value) => compare(value, ONE) <= 0)) {
    const [x, y, w, h] = found.map((part) => ofNumber(toNumber(unit(part))));
    const least = (a, b) => (compare(b, a) < 0 ? b : a);
    const kept = [x, y, least(w, minus(ONE, x)), least(h, minus(ONE, y))];
    if (isZero(kept[2]) || isZero(kept[3])) refuse();
    return { fractions: kept.map(toNumber) };
  }
  const kept = found.map((part) => pixels(row, part));
  return kept[2] && kept[3] ? { pixels: kept } : refuse();
}

function blurhash(row, text) {
  const values = [...text].map((character) => BASE_83.indexOf(character));
  const down = Math.floor(values[0] / 9);
  const colourValue = values.slice(2, 6).reduce((sum, value) => sum * 83 + value, 0);
  const counted = values.length === 4 + 2 * (values[0] % 9 + 1) * (down + 1);
  if (values.length < 6 || values.includes(-1) || down > 8 || !counted || colourValue > 0xffffff) refuse();
  return text;
}

function sized(row, text) {
  const count = [...text].length;
  return row.least <= count && count <= row.most ? text : refuse();
}

function filename(row, text) {
  return /[/\\]/.test(text) || /^[ .]*$/.test(text) ? refuse() : sized(row, text);
}

function version(row, text) {
  return /^[A-Za-z0-9._-]+$/.test(text) ? sized(row, text) : refuse();
}

function select(row, text) {
  const asked = text.split(",");
  return asked.every((word) => row.choices.includes(word)) ? text : refuse();
}

const READERS = {
  integer, length, angle, choice, colour, position, focus, crop, select, blurhash, filename, version,
  number: (row, text) => toNumber(ranged(row, text)),
  switch: (row, text) => (text === "0" || text === "1" ? text === "1" : refuse()),
  source: sized,
};

// The value of `text`, given under the name `written`; throws Refused.
export function read(table, row, written, text) {
  try {
    return READERS[row.kind](row, text, table.positions);
  } catch (fault) {
    if (!(fault instanceof Refused)) throw fault;
    throw new Refused(written, `${written}=${text} is not ${row.accepts}.`);
  }
}

export function write(value) {
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "number") return plain(ofNumber(value));
  if (typeof value === "string") return value;
  return (value.fractions ?? value.pixels ?? (Array.isArray(value) ? value : [value.share])).map(write).join(",");
}
