// Cloudinary: /<cloud>/image/<upload|fetch|…>/<transformations>/<version>/<id>.

import { Asked, factor, isHex, isNumber, short, turn, whole } from "./asked.js";
import { decoded } from "../canonical.js";

export const name = "Cloudinary";
const PLACED = /\/image\/(upload|fetch|private|authenticated)\/(.+)$/;
const STEP = /^[a-z]{1,3}_[^/]+$/;
const STEPS = /^(?:[a-z]{1,3}_[^,/]+)(?:,[a-z]{1,3}_[^,/]+)*$/;
const SIGNATURE = /^s--[A-Za-z0-9_-]{8,32}--$/;
const VERSION = /^v\d+$/;
// crop → ours, and whether a small picture is made larger
const FITS = {
  scale: ["fill", true], fit: ["contain", true], limit: ["contain", false], fill: ["cover", true], lfill: ["cover", false],
  pad: ["pad", true], lpad: ["pad", false], thumb: ["cover", true],
};
const COMPASS = {
  north: "top", south: "bottom", east: "right", west: "left", north_east: "top-right", north_west: "top-left",
  south_east: "bottom-right", south_west: "bottom-left", center: "center",
};
const COLOURS = { white: "fff", black: "000", transparent: "0000", red: "f00", green: "008000", blue: "00f" };
const FORMATS = { jpg: "jpeg", jpeg: "jpeg", png: "png", webp: "webp", avif: "avif", gif: "gif" };

export const matches = ({ host, path }) => PLACED.test(path) && (host.endsWith("cloudinary.com") || !host || steps(path).length > 0);

const steps = (path) => PLACED.exec(path)[2].split("/").filter((part) => STEPS.test(part));

export function read({ path, query }, sourceName) {
  const [, kind, rest] = PLACED.exec(path);
  const parts = rest.split("/");
  const chain = [];
  while (parts.length > 1 && (SIGNATURE.test(parts[0]) || STEPS.test(parts[0]))) {
    const part = parts.shift();
    if (!SIGNATURE.test(part)) chain.push(part);
  }
  if (VERSION.test(parts[0]) && parts.length > 1) parts.shift(); // here a changed picture is a purge, or a new path
  const source = decoded(parts.join("/").replaceAll("+", "%2B")) + (kind === "fetch" && query ? `?${query}` : "");
  const asked = new Asked(kind === "fetch" ? source : `${sourceName}/${source}`);
  chain.forEach((step) => apply(asked, step));
  if (chain.filter((step) => /(?:^|,)c_/.test(step)).length > 1) asked.lose("two resizes in a chain: the last one counts");
  return asked;
}

function apply(asked, step) {
  const given = Object.fromEntries(step.split(",").filter((item) => STEP.test(item)).map((item) => {
    const at = item.indexOf("_");
    return [item.slice(0, at), decoded(item.slice(at + 1))];
  }));
  const boxed = "w" in given || "h" in given;
  if (given.c === "crop") cut(asked, given);
  else if (boxed) box(asked, given);
  for (const [key, value] of Object.entries(given)) {
    if (key in RULES) RULES[key](asked, value, given);
    else if (!"cwhgxy".includes(key)) asked.lose(`${key}_${value}`);
  }
}

function box(asked, given) {
  const crop = given.c ?? "scale";
  const [fit, enlarge] = FITS[crop] ?? [null, false];
  if (fit === null) asked.lose(`c_${crop}`);
  else if (fit === "fill" && !("w" in given && "h" in given)) asked.set("enlarge", 1);
  else {
    if (fit !== "contain") asked.set("fit", fit);
    if (enlarge) asked.set("enlarge", 1);
  }
  for (const side of ["w", "h"]) {
    if (!(side in given)) continue;
    // Below 1 it is a share of the picture there.
    if (/^0?\.\d+$|^auto|^iw|^ih/.test(given[side]) || given[side] === "1.0") asked.lose(`${side}_${given[side]}`);
    else whole(asked, side, given[side]);
  }
  if ("g" in given) gravity(asked, given.g);
}

function cut(asked, given) {
  const numbers = ["x", "y", "w", "h"].map((key) => given[key] ?? "0");
  if (numbers.every((value) => /^\d+$/.test(value)) && Number(given.w) && Number(given.h) && !given.g) asked.set("crop", numbers.join());
  else {
    asked.lose(`c_crop: needs x, y, w and h in pixels here`);
  }
}

function gravity(asked, value) {
  if (value in COMPASS) asked.set("position", COMPASS[value]);
  else if (/^faces?$/.test(value)) asked.set("position", "face");
  else if (/^(auto|face|subject)/.test(value)) asked.near("position", "smart", `g_${value}: position=smart weighs its own way`);
  else asked.lose(`g_${value}`);
}

function effect(asked, value) {
  const [kind, amount] = value.split(":");
  const near = { brightness: "brightness", contrast: "contrast", saturation: "saturation" }[kind];
  if (kind === "grayscale") asked.set("grayscale", 1);
  else if (kind === "background_removal") asked.near("background-remove", 1, "e_background_removal: another model");
  else if (kind === "blur") asked.near("blur", short(Math.max(0.3, Number(amount ?? 100) / 50)), "e_blur: another scale");
  else if (kind === "sharpen") asked.near("sharpen", short(Math.min(10, Number(amount ?? 100) / 100)), "e_sharpen: another scale");
  else if (kind === "trim") asked.near("trim", isNumber(amount ?? "") ? amount : 10, "e_trim: another tolerance");
  else if (near && isNumber(amount ?? "")) asked.near(near, factor(amount), `e_${kind}: another scale`);
  else asked.lose(`e_${value}`);
}

function colour(asked, value) {
  const hex = COLOURS[value] ?? value.replace(/^rgb:/, "");
  if (isHex(hex)) asked.set("background", hex);
  else asked.lose(`b_${value}: only hex colours`);
}

function angle(asked, value) {
  if (value === "hflip") asked.set("flip", "h");
  else if (value === "vflip") asked.set("flip", "v");
  else if (value !== "exif" && value !== "ignore") turn(asked, value, "a");
}

const HARMLESS = ["progressive", "lossy", "strip_profile", "force_strip", "immutable_cache", "awebp"];

const RULES = {
  f: (asked, value) => {
    if (value in FORMATS) asked.set("format", FORMATS[value]);
    else if (value !== "auto") asked.lose(`f_${value}`);
  },
  q: (asked, value) => {
    if (isNumber(value)) asked.set("quality", value);
    else if (value.startsWith("auto")) asked.near("quality", "auto", `q_${value}: quality=auto measures its own way`);
    else asked.lose(`q_${value}`);
  },
  dpr: (asked, value) => (isNumber(value) ? asked.set("dpr", short(value)) : asked.lose(`dpr_${value}`)),
  e: effect, b: colour, a: angle,
  r: (asked, value) => (value === "max" || /^\d+$/.test(value) ? asked.set("radius", value) : asked.lose(`r_${value}`)),
  t: (asked, value) => asked.near("preset", value, `t_${value}: make a preset of this name`),
  fl: (asked, value) => {
    if (value === "lossless") asked.set("lossless", 1);
    else if (value.startsWith("attachment")) asked.set("download", value.split(":")[1] ?? "picture");
    else if (!HARMLESS.includes(value)) asked.lose(`fl_${value}`);
  },
};
