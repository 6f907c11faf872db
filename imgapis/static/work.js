// Solves the proof of work that the page holds (ALTCHA with PBKDF2/SHA-256), then sends its form. Without this file, or
// without Web Crypto, the page's own sentence says how long to wait.
const form = document.querySelector("form[data-work]");

function bytesOf(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function hexOf(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function derivedKey(parameters, counter) {
  const nonce = bytesOf(parameters.nonce);
  const password = new Uint8Array(nonce.length + 4);
  password.set(nonce);
  new DataView(password.buffer).setUint32(nonce.length, counter);
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  const method = { name: "PBKDF2", hash: "SHA-256", salt: bytesOf(parameters.salt), iterations: parameters.cost };
  return hexOf(await crypto.subtle.deriveBits(method, key, parameters.keyLength * 8));
}

async function solve(challenge) {
  const atOnce = 32;
  for (let first = 0; ; first += atOnce) {
    const counters = Array.from({ length: atOnce }, (_, index) => first + index);
    const keys = await Promise.all(counters.map((counter) => derivedKey(challenge.parameters, counter)));
    const index = keys.findIndex((key) => key.startsWith(challenge.parameters.keyPrefix));
    if (index >= 0) return { counter: counters[index], derivedKey: keys[index] };
  }
}

if (form && window.crypto?.subtle) {
  const challenge = JSON.parse(form.dataset.work);
  form.querySelector("[data-work-status]").textContent = "Calculating. The code is mailed as soon as this is done, mostly within seconds.";
  form.querySelector("button").disabled = true;
  solve(challenge).then((solution) => {
    form.elements.solution.value = btoa(JSON.stringify({ challenge, solution }));
    form.submit();
  });
}
