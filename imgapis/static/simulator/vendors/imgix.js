// imgix: https://<source>.imgix.net/<path>?w=…&fit=…  (docs.imgix.com/apis/rendering)

import { Asked, factor, isHex, short, turn, whole } from "./asked.js";
import { pairs } from "../canonical.js";

export const name = "imgix";
const SIGNS = ["ixlib", "ixid", "auto", "fm", "fit", "w", "h", "q", "dpr", "ar", "crop"];
const IMAGE = /\.(jpe?g|png|webp|gif|avif|tiff?|heic|bmp|svg)$/i;
// fit → ours, and whether a small picture is made larger
const FITS = {
  clip: ["contain", true], max: ["contain", false], crop: ["cover", true], min: ["cover", false],
  scale: ["fill", true], fill: ["pad", true], fillmax: ["pad", false],
};
const FORMATS = { jpg: "jpeg", pjpg: "jpeg", jpeg: "jpeg", png: "png", webp: "webp", avif: "avif", gif: "gif" };
const ALIGNED = ["top", "bottom"];
const SIDES = ["left", "right"];
// Not part of the picture: a signature, the library's name, the expiry.
const ASIDE = ["s", "ixlib", "ixid", "expires", "fp-x", "fp-y", "ar", "trim-tol", "corner-radius"];

export function matches({ host, path, query }) {
  if (host.endsWith(".imgix.net")) return true;
  const names = query.split("&").map((item) => item.split("=")[0]);
  return IMAGE.test(path) && names.some((one) => SIGNS.includes(one));
}

export function read({ path, query }, sourceName) {
  const given = Object.fromEntries(pairs(query));
  const path_ = decodeURIComponent(path.slice(1));
  const asked = new Asked(/^https?:\/\//.test(path_) ? path_ : `${sourceName}/${path_}`);
  const has = (one) => one in given;
  const [fit, enlarge] = FITS[given.fit ?? "clip"] ?? [null, false];
  if (has("w") || has("h")) {
    if (fit === null) asked.lose(`fit=${given.fit}`);
    else if (fit !== "contain") asked.set("fit", fit);
    if (enlarge) asked.set("enlarge", 1);
  }
  for (const [key, value] of Object.entries(given)) {
    if (key in RULES) RULES[key](asked, value, given);
    else if (!ASIDE.includes(key) && key !== "fit") asked.lose(`${key}=${value}`);
  }
  ratio(asked, given);
  return asked;
}

function ratio(asked, given) {
  const match = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/.exec(given.ar ?? "");
  if (!given.ar || (given.w && given.h)) return;
  if (!match || (!given.w && !given.h)) return asked.lose(`ar=${given.ar}: needs w or h here`);
  const shape = Number(match[1]) / Number(match[2]);
  if (given.w) asked.set("h", Math.round(Number(given.w) / shape));
  else asked.set("w", Math.round(Number(given.h) * shape));
}

function cut(asked, value, given) {
  if (given.fit !== "crop" && given.fit !== "min") return;
  const words = value.split(",");
  const edge = [words.find((word) => ALIGNED.includes(word)), words.find((word) => SIDES.includes(word))];
  if (words.includes("focalpoint")) asked.set("position", `${short(given["fp-x"] ?? 0.5)},${short(given["fp-y"] ?? 0.5)}`);
  else if (words.includes("entropy")) asked.set("position", "entropy");
  else if (words.includes("faces")) asked.set("position", "face");
  else if (words.includes("edges")) {
    asked.near("position", "smart", `crop=${value}: position=smart weighs detail, colour and skin`);
  } else if (edge[0] || edge[1]) asked.set("position", edge.filter(Boolean).join("-"));
  else asked.lose(`crop=${value}`);
}

function auto(asked, value) {
  for (const word of value.split(",")) {
    if (word === "format") continue; // ours without being asked
    if (word === "compress") asked.near("quality", "auto", "auto=compress: quality=auto measures its own way");
    else asked.lose(`auto=${word}`);
  }
}

function background(asked, value) {
  if (!isHex(value)) return asked.lose(`bg=${value}: only hex colours`);
  const digits = value.replace("#", "");
  // imgix writes the opacity first, we last.
  const turned = { 4: digits.slice(1) + digits[0], 8: digits.slice(2) + digits.slice(0, 2) }[digits.length];
  asked.set("background", turned ?? digits);
}

function format(asked, value) {
  if (value in FORMATS) asked.set("format", FORMATS[value]);
  else if (value === "png8" || value === "png32") asked.near("format", "png", `fm=${value}: png`);
  else if (value === "json") { asked.endpoint = "info"; asked.lose("fm=json: /info tells other fields"); }
  else if (value === "blurhash") { asked.endpoint = "info/blurhash"; asked.lose("fm=blurhash: as JSON"); }
  else asked.lose(`fm=${value}`);
}

const near = (ours, of, what) => (asked, value) => asked.near(ours, of(value), `${what}: another scale`);

const RULES = {
  w: (asked, value) => whole(asked, "w", value),
  h: (asked, value) => whole(asked, "h", value),
  dpr: (asked, value) => asked.set("dpr", short(value)),
  q: (asked, value) => asked.set("quality", value),
  crop: cut, auto, bg: background, fm: format,
  rect: (asked, value) => (/^[\d.,]+$/.test(value) ? asked.set("crop", value) : asked.lose(`rect=${value}`)),
  rot: (asked, value) => turn(asked, value, "rot"),
  flip: (asked, value) => asked.set("flip", value),
  pad: (asked, value) => whole(asked, "padding", value),
  hue: (asked, value) => asked.set("hue", value),
  sat: (asked, value) => (value === "-100" ? asked.set("grayscale", 1) : asked.near("saturation", factor(value), "sat: another scale")),
  bri: near("brightness", factor, "bri"),
  con: near("contrast", factor, "con"),
  gam: near("gamma", (value) => short(Math.max(0.1, 1 + Number(value) / 100)), "gam"),
  sharp: near("sharpen", (value) => short(Math.min(10, Number(value) / 10)), "sharp"),
  blur: near("blur", (value) => short(Math.min(250, Math.max(0.3, Number(value) / 10))), "blur"),
  monochrome: near("tint", (value) => value.slice(-6), "monochrome"),
  trim: (asked, value) => asked.near("trim", 10, `trim=${value}: another tolerance`),
  lossless: (asked, value) => asked.set("lossless", value === "1" || value === "true" ? 1 : 0),
  dl: (asked, value) => asked.set("download", value),
  mask: (asked, value, given) => {
    if (value === "ellipse") asked.near("radius", "max", "mask=ellipse: a pill where the box is no square");
    else if (value === "corners" && /^\d+$/.test(given["corner-radius"] ?? "")) asked.set("radius", given["corner-radius"]);
    else asked.lose(`mask=${value}`);
  },
  mark: (asked, value) => asked.set("mark", value),
  "mark-w": (asked, value) => asked.set("mark-w", value),
  "mark-pad": (asked, value) => asked.set("mark-padding", value),
  "mark-alpha": (asked, value) => asked.set("mark-opacity", short(Number(value) / 100)),
  "mark-align": (asked, value) => asked.set("mark-position", value.split(",").filter((word) => word !== "middle").join("-") || "center"),
};
