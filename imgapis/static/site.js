// Niceties only: every page works without this file.
document.addEventListener("click", async (event) => {
  const copier = event.target.closest("[data-copy]");
  if (copier) {
    await navigator.clipboard.writeText(copier.dataset.copy);
    const said = copier.textContent;
    copier.textContent = "Copied";
    setTimeout(() => { copier.textContent = said; }, 1500);
  }
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  if (event.target.closest("[data-closes]")) event.target.closest("dialog")?.close();
});
// A form whose answer takes seconds says that it was sent, and is sent once.
document.addEventListener("submit", (event) => {
  const button = event.target.querySelector("[data-busy]");
  if (!button) return;
  if (button.getAttribute("aria-disabled")) return event.preventDefault();
  const said = button.textContent;
  button.textContent = `${button.dataset.busy}…`;
  button.setAttribute("aria-disabled", "true");
  addEventListener("pageshow", () => {
    button.textContent = said;
    button.removeAttribute("aria-disabled");
  }, { once: true });
});
