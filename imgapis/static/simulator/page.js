// The simulator's page: reads the text area, shows what it comes to. It asks nothing of any server.

import { cheapest, costOf, MONTH_DAYS, predict, reckon } from "./reckoning.js";
import { explosions } from "./explosions.js";
import { tableOf } from "./table.js";

const facts = JSON.parse(document.getElementById("facts").textContent);
const table = tableOf(facts);
const SHOWN = 100;
const LONGEST = 20_000_000;
const at = (id) => document.getElementById(id);
const number = (value) => Number(value).toLocaleString("en-US");
const many = (count, name) => `${number(count)} ${name}${count === 1 ? "" : "s"}`;
const credits = (halves) => number(halves / 2);
const rest = (cents) => (cents % 100 ? `.${String(cents % 100).padStart(2, "0")}` : "");
const money = (cents) => `$${number(Math.floor(cents / 100))}${rest(cents)}`;

function element(name, text = "", attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function fill(id, rows, cellsOf) {
  at(id).replaceChildren(...rows.map((row) => {
    const line = document.createElement("tr");
    line.append(...cellsOf(row));
    return line;
  }));
}

const cell = (text, kind = "") => element("td", text, kind && { class: kind });
const code = (text) => { const made = element("td", "", { class: "wraps" }); made.append(element("code", text)); return made; };

function count() {
  const text = at("pasted").value;
  const said = at("said");
  if (!text.trim()) { at("result").hidden = true; said.textContent = "Paste some lines first."; return; }
  if (text.length > LONGEST) { at("result").hidden = true; said.textContent = "That is more than 20 million characters. Paste a part of it."; return; }
  const result = reckon(table, text, { sourceName: at("source-name").value.trim() || "photos" });
  if (!result.operations.size) {
    at("result").hidden = true;
    said.textContent = `No image address found in ${many(result.lines, "request")}.${refusedSentence(result)}`;
    return;
  }
  const days = Number(at("days").value) || result.days;
  const bill = days ? predict(result, days) : { ...predict(result, MONTH_DAYS), later: 0 };
  if (!days) bill.first = bill.seen;
  glance(result, bill, days);
  plans(bill);
  warnings(result);
  translations(result);
  at("result").hidden = false;
  said.textContent = `${many(result.operations.size, "picture")} in ${many(result.lines, "request")}; ${credits(bill.first)} credits in the first month.`;
}

const refusedSentence = (result) => (result.refused.size ? ` The first refusal: ${[...result.refused.keys()][0]}` : "");

function glance(result, bill, days) {
  at("requests").textContent = number(result.lines);
  at("pictures").textContent = number(result.operations.size);
  at("seen").textContent = credits(bill.seen);
  at("first").textContent = credits(bill.first);
  at("later").textContent = days ? credits(bill.later) : "–";
  const whose = [...result.vendors].map(([vendor, times]) => `${vendor} ${number(times)}`).join(", ");
  const span = days ? `The lines cover ${number(Math.round(days * 10) / 10)} days.` : "Without a time span, the lines count as a list of pictures: each is charged once.";
  at("how").textContent = `${whose}. ${span} New pictures are taken to go on appearing as in the second half of the lines.`;
  const left = [
    [result.unbilled, "errors, redirects to a cache, HEAD and OPTIONS: free"],
    [result.unknown, "no image address we know: left out"],
    ...[...result.refused].sort((a, b) => b[1] - a[1]).slice(0, 8).map(([why, times]) => [times, `refused here, so free: ${why}`]),
  ].filter(([times]) => times);
  at("left-out").replaceChildren(...left.map(([times, why]) => element("li", `${number(times)} × ${why}`)));
}

function plans(bill) {
  const wanted = Math.ceil(bill.first / 2);
  const best = cheapest(facts.plans, wanted);
  fill("plans", facts.plans, (plan) => {
    const cents = costOf(plan, wanted);
    const beyond = Math.max(0, wanted - plan.credits);
    const name = cell(plan.title);
    if (plan === best) name.append(" ", element("span", "cheapest", { class: "badge ok" }));
    return [
      name, cell(number(plan.credits), "number"),
      cell(cents === null ? "too small" : beyond ? `${number(beyond)} beyond` : "covers it"),
      cell(cents === null ? "–" : money(cents), "number"),
    ];
  });
  at("verdict").textContent = `Cheapest for the first month: ${best.title}, ${money(costOf(best, wanted))}.`;
}

const ADVICE = {
  query: "Part of the source's address: leave it out, or sign your addresses, and it costs once.",
  parameter: "Use a few fixed values, or presets only, and outsiders cannot make more.",
};

function warnings(result) {
  const found = explosions(result.operations.values()).slice(0, 20);
  at("calm").hidden = found.length > 0;
  at("alarm").hidden = found.length === 0;
  fill("explosions", found, (place) => [
    code(`${place.where}=`), cell(`${number(place.values)}: ${place.example.join(", ").slice(0, 60)} …`),
    cell(credits(place.extra), "number"), cell(ADVICE[place.kind]),
  ]);
}

function translations(result) {
  const foreign = [...result.samples].filter(([, one]) => one.vendor !== "ours");
  at("foreign").hidden = foreign.length === 0;
  fill("translations", foreign.slice(0, SHOWN), ([address, one]) => {
    const mark = element("td");
    mark.append(element("span", one.lost.length ? "lossy" : "lossless", { class: one.lost.length ? "badge warn" : "badge ok" }));
    return [code(address.slice(0, 300)), code(`/${one.endpoint}?${one.query}`), mark, cell(one.lost.join("; ") || "nothing")];
  });
  const lossless = foreign.filter(([, one]) => !one.lost.length).length;
  at("translated").textContent =
    `${foreign.length === 1 ? "1 address" : `${number(foreign.length)} addresses`}, ${number(lossless)} lossless.` + (foreign.length > SHOWN ? ` The first ${SHOWN} are shown.` : "");
}

at("count").addEventListener("click", count);
at("pasted").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) count();
});
at("clear").addEventListener("click", () => { at("pasted").value = ""; at("result").hidden = true; at("said").textContent = "Cleared."; at("pasted").focus(); });
at("tool").hidden = false;
at("without").hidden = true;
