// Exact decimals as {digits: BigInt, places}: so that a product or a comparison comes out as the server's does.

export function decimal(text) {
  const [mantissa, exponent = "0"] = text.toLowerCase().split("e");
  const [whole, fraction = ""] = mantissa.split(".");
  const places = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction);
  return places >= 0 ? { digits, places } : { digits: digits * 10n ** BigInt(-places), places: 0 };
}

// A number by its shortest spelling, which is the server's too.
export const ofNumber = (number) => decimal(String(number));

function level(a, b) {
  const places = Math.max(a.places, b.places);
  const raise = (value) => value.digits * 10n ** BigInt(places - value.places);
  return [raise(a), raise(b), places];
}

export function compare(a, b) {
  const [left, right] = level(a, b);
  return left < right ? -1 : left > right ? 1 : 0;
}

export function minus(a, b) {
  const [left, right, places] = level(a, b);
  return { digits: left - right, places };
}

export const times = (whole, value) => ({ digits: BigInt(whole) * value.digits, places: value.places });

// The remainder in 0 up to a whole divisor, of negative values too.
export function modulo(value, whole) {
  const divisor = BigInt(whole) * 10n ** BigInt(value.places);
  return { digits: ((value.digits % divisor) + divisor) % divisor, places: value.places };
}

// The nearest whole number of a value that is not negative, halves rounded up.
export function rounded({ digits, places }) {
  const unit = 10n ** BigInt(places);
  return Number((2n * digits + unit) / (2n * unit));
}

export function plain({ digits, places }) {
  const sign = digits < 0n ? "-" : "";
  const text = String(digits < 0n ? -digits : digits).padStart(places + 1, "0");
  const whole = text.slice(0, text.length - places);
  const fraction = places ? text.slice(-places).replace(/0+$/, "") : "";
  return sign + whole + (fraction && `.${fraction}`);
}

export const toNumber = (value) => Number(plain(value)) || 0;
export const isZero = (value) => value.digits === 0n;
