// Cloudflare Images: /cdn-cgi/image/<option=value,…>/<source>, and imagedelivery.net/<account>/<id>/<variant>.

import { Asked, isHex, isNumber, short, turn, whole } from "./asked.js";
import { decoded } from "../canonical.js";

export const name = "Cloudflare";
const PLACED = /\/cdn-cgi\/image\/([^/]*)\/(.+)$/;
const STORED = /^\/[^/]+\/(.+)\/([^/]+)$/;
const LONG = { w: "width", h: "height", f: "format", q: "quality", g: "gravity", "scq": "slow-connection-quality" };
const FITS = {
  "scale-down": ["contain", false], contain: ["contain", true], cover: ["cover", true], crop: ["cover", false],
  pad: ["pad", true], squeeze: ["fill", true], "aspect-crop": [null, false],
};
const FORMATS = { avif: "avif", webp: "webp", jpeg: "jpeg", "baseline-jpeg": "jpeg", png: "png" };
const WORDS = { high: 90, "medium-high": 80, "medium-low": 65, low: 50 };

export const matches = ({ host, path }) => PLACED.test(path) || host === "imagedelivery.net";

export function read({ host, path, query }, sourceName) {
  if (host === "imagedelivery.net") return stored(path, sourceName);
  const [, options, rest] = PLACED.exec(path);
  const source = rest + (query && `?${query}`);
  const asked = new Asked(/^https?:\/\//.test(source) ? source : `${sourceName}/${decoded(source.replaceAll("+", "%2B"))}`);
  return apply(asked, options);
}

function stored(path, sourceName) {
  const [, id, variant] = STORED.exec(path) ?? [null, path.slice(1), "public"];
  const asked = new Asked(`${sourceName}/${id}`);
  if (variant.includes("=")) return apply(asked, variant);
  if (variant !== "public") asked.near("preset", variant, `${variant}: make a preset of this name`);
  return asked;
}

function apply(asked, options) {
  const given = Object.fromEntries(options.split(",").filter(Boolean).map((item) => {
    const at = item.indexOf("=");
    const key = at < 0 ? item : item.slice(0, at);
    return [LONG[key] ?? key, at < 0 ? "" : decoded(item.slice(at + 1))];
  }));
  const [fit, enlarge] = FITS[given.fit ?? "scale-down"] ?? [null, false];
  if (fit === null) asked.lose(`fit=${given.fit}`);
  else if (fit !== "contain") asked.set("fit", fit);
  if (enlarge) asked.set("enlarge", 1);
  for (const [key, value] of Object.entries(given)) {
    if (key in RULES) RULES[key](asked, value);
    else if (key !== "fit") asked.lose(`${key}=${value}`);
  }
  return asked;
}

function gravity(asked, value) {
  const point = /^(\d*\.?\d+)x(\d*\.?\d+)$/.exec(value);
  if (point) asked.set("position", `${short(point[1])},${short(point[2])}`);
  else if (["left", "right", "top", "bottom", "center"].includes(value)) asked.set("position", value);
  else if (value === "face") asked.set("position", "face");
  else if (value === "auto") asked.near("position", "smart", `gravity=${value}: position=smart`);
  else asked.lose(`gravity=${value}`);
}

function format(asked, value) {
  if (value === "auto") return; // ours without being asked
  if (value in FORMATS) asked.set("format", FORMATS[value]);
  else if (value === "json") { asked.endpoint = "info"; asked.lose("format=json: /info tells other fields"); }
  else asked.lose(`format=${value}`);
}

const same = (ours) => (asked, value) => asked.set(ours, value);
const nothing = () => {};

const RULES = {
  width: (asked, value) => whole(asked, "w", value),
  height: (asked, value) => whole(asked, "h", value),
  dpr: same("dpr"),
  quality: (asked, value) => {
    if (isNumber(value)) asked.set("quality", value);
    else asked.near("quality", WORDS[value] ?? 80, `quality=${value}: a number here`);
  },
  gravity, format,
  rotate: (asked, value) => turn(asked, value, "rotate"),
  flip: same("flip"),
  background: (asked, value) => (isHex(value) ? asked.set("background", value.replace("#", "")) : asked.lose(`background=${value}: only hex colours`)),
  brightness: same("brightness"), contrast: same("contrast"), saturation: same("saturation"), gamma: same("gamma"),
  blur: (asked, value) => asked.near("blur", value, "blur: another scale"),
  sharpen: (asked, value) => asked.near("sharpen", value, "sharpen: another scale"),
  metadata: (asked, value) => (value === "keep" ? asked.near("metadata", "keep", "metadata=keep: without location, serial numbers, thumbnails and comments") : asked.set("metadata", value)),
  anim: (asked, value) => asked.set("animated", value === "false" ? 0 : 1),
  segment: (asked, value) => (value === "foreground" ? asked.near("background-remove", 1, "segment: another model") : asked.lose(`segment=${value}`)),
  compression: nothing,
  onerror: () => {}, // a setting of the workspace here
};
