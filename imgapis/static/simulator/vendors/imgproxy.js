// imgproxy: /<signature>/<option:arg:…>/…/plain/<source>@<extension>, or the source in base64url.

import { Asked, short, turn, whole } from "./asked.js";
import { decoded } from "../canonical.js";

export const name = "imgproxy";
const PLACED = /^\/[A-Za-z0-9_+=-]+((?:\/[a-z_]+:[^/]*)*)\/(?:plain\/(.+)|([A-Za-z0-9_=/-]{8,}?)(?:\.([a-z]{3,4}))?)$/;
const FITS = { fit: "contain", fill: "cover", "fill-down": "cover", force: "fill", auto: "cover" };
const COMPASS = {
  no: "top", so: "bottom", ea: "right", we: "left", noea: "top-right", nowe: "top-left", soea: "bottom-right",
  sowe: "bottom-left", ce: "center",
};
const FORMATS = { jpg: "jpeg", jpeg: "jpeg", png: "png", webp: "webp", avif: "avif", gif: "gif" };

export function matches({ path }) {
  const match = PLACED.exec(path);
  return match !== null && (match[1] !== "" || match[2] !== undefined);
}

export function read({ path }, sourceName) {
  const [, options, plain, encoded, extension] = PLACED.exec(path);
  const [address, ending] = plain === undefined ? [fromBase64(encoded), extension] : splitPlain(plain);
  const stored = /^(?:local|s3|gs|abs|swift):\/\/\/?(.+)$/.exec(address);
  const asked = new Asked(stored ? `${sourceName}/${stored[1]}` : address);
  for (const option of options.split("/").filter(Boolean)) {
    const [key, ...args] = option.split(":");
    const rule = RULES[key];
    if (rule) rule(asked, args, option);
    else asked.lose(option);
  }
  if (ending && ending !== "best") format(asked, ending);
  return asked;
}

function splitPlain(plain) {
  const at = plain.lastIndexOf("@");
  const [address, ending] = at > 0 && /^[a-z0-9]{3,4}$/.test(plain.slice(at + 1)) ? [plain.slice(0, at), plain.slice(at + 1)] : [plain, ""];
  return [decoded(address.replaceAll("+", "%2B")), ending];
}

function fromBase64(text) {
  const joined = text.replaceAll("/", "").replaceAll("-", "+").replaceAll("_", "/");
  return new TextDecoder().decode(Uint8Array.from(atob(joined), (character) => character.charCodeAt(0)));
}

function side(asked, name, text) {
  if (text && text !== "0") whole(asked, name, text);
}

const on = (text) => text === "1" || text === "t" || text === "true";

function size(asked, [w, h, enlarge, extend]) {
  side(asked, "w", w);
  side(asked, "h", h);
  if (on(enlarge)) asked.set("enlarge", 1);
  if (on(extend)) asked.set("fit", "pad");
}

function fit(asked, kind) {
  if (!kind) return;
  if (!(kind in FITS)) return asked.lose(`resizing type ${kind}`);
  if (FITS[kind] !== "contain") asked.set("fit", FITS[kind]);
  if (kind === "auto" || kind === "fill-down") asked.lose(`resizing type ${kind}: cover`);
}

function gravity(asked, [kind, x, y]) {
  if (kind === "sm") asked.near("position", "smart", "smart gravity: position=smart weighs its own way");
  else if (kind === "fp") asked.set("position", `${short(x)},${short(y)}`);
  else if (kind in COMPASS) {
    asked.set("position", COMPASS[kind]);
    if (Number(x) || Number(y)) asked.lose("gravity's offset");
  } else asked.lose(`gravity ${kind}`);
}

function format(asked, value) {
  if (value in FORMATS) asked.set("format", FORMATS[value]);
  else asked.lose(`format ${value}`);
}

function background(asked, args) {
  const hex = args.length === 3 ? args.map((part) => Number(part).toString(16).padStart(2, "0")).join("") : args[0];
  if (hex) asked.set("background", hex);
}

function padding(asked, args) {
  const sides = args.filter(Boolean);
  if (new Set(sides).size === 1 && (args.length === 1 || args.length === 4)) asked.set("padding", sides[0]);
  else asked.lose("padding: one for all sides");
}

const nothing = () => {};
const one = (rule) => (asked, [value]) => rule(asked, value);
// every option → its short name
const LONG = {
  resize: "rs", size: "s", resizing_type: "rt", width: "w", height: "h", enlarge: "el", gravity: "g", quality: "q", format: "f",
  ext: "f", blur: "bl", sharpen: "sh", background: "bg", rotate: "rot", trim: "t", padding: "pd", max_bytes: "mb",
  filename: "fn", preset: "pr", strip_metadata: "sm", auto_rotate: "ar", cachebuster: "cb", expires: "exp", extend: "ex",
  strip_color_profile: "scp", crop: "c",
};

const SHORT = {
  rs: (asked, [kind, ...rest]) => { fit(asked, kind); size(asked, rest); },
  s: size,
  rt: one(fit),
  w: one((asked, value) => side(asked, "w", value)),
  h: one((asked, value) => side(asked, "h", value)),
  dpr: one((asked, value) => asked.set("dpr", short(value))),
  el: one((asked, value) => on(value) && asked.set("enlarge", 1)),
  ex: one((asked, value) => on(value) && asked.set("fit", "pad")),
  g: gravity,
  q: one((asked, value) => value !== "0" && asked.set("quality", value)),
  f: one(format),
  bl: one((asked, value) => value !== "0" && asked.set("blur", short(value))),
  sh: one((asked, value) => value !== "0" && asked.near("sharpen", short(Math.min(10, value)), "sharpen: another scale")),
  bg: background,
  rot: one((asked, value) => turn(asked, value, "rotate")),
  t: one((asked, value) => asked.near("trim", Math.max(1, Math.round(value)), "trim: another tolerance")),
  pd: padding,
  mb: one((asked, value) => asked.set("max-bytes", value)),
  fn: one((asked, value) => asked.set("download", decoded(value))),
  pr: (asked, names) => asked.near("preset", names[0], "preset: make one of this name"),
  sm: nothing, ar: nothing, scp: nothing, exp: nothing,
  cb: nothing, // here a changed picture is a purge
};

const RULES = { ...SHORT, ...Object.fromEntries(Object.entries(LONG).filter(([, key]) => key in SHORT).map(([long, key]) => [long, SHORT[key]])) };
