// What an address of another service asks for, in our parameters, with what is lost on the way.

export class Asked {
  constructor(source, endpoint = "transform") {
    this.source = source;
    this.endpoint = endpoint;
    this.params = new Map();
    this.lost = [];
  }

  set(name, value) { this.params.set(name, String(value)); }
  lose(what) { this.lost.push(what); }
  near(name, value, what) { this.set(name, value); this.lose(what); }

  get query() {
    const items = [["src", this.source], ...this.params];
    return items.map(([name, value]) => `${name}=${encode(value)}`).join("&");
  }
}

// Percent-encoded, but for what reads well in an address.
const encode = (text) => encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("%3A", ":").replaceAll("%2C", ",");

// A number as an address writes it: at most four places.
export const short = (number) => String(Math.round(number * 10_000) / 10_000);

export const isNumber = (text) => /^-?\d+(\.\d+)?$/.test(text);

export const isHex = (text) => /^#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(text);

// A percentage around 0, as others write brightness, to a factor around 1, as we do.
export const factor = (text) => short(Math.max(0, 1 + Number(text) / 100));

// A quarter turn to rotate; everything else is lost.
export function turn(asked, text, name) {
  const degrees = ((Number(text) % 360) + 360) % 360;
  if ([0, 90, 180, 270].includes(degrees)) asked.set("rotate", degrees);
  else asked.lose(`${name}: only quarter turns`);
}

export function whole(asked, name, text) {
  if (isNumber(text) && Number(text) >= 1) asked.set(name, Math.round(Number(text)));
  else asked.lose(`${name}=${text}: lengths are whole pixels here`);
}
