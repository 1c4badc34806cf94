// Small helps on top of pages that work without them: govuk-frontend, single-key shortcuts, a help sheet.
import { initAll } from "./govuk-frontend-6.3.0.min.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
initAll();

const typing = (element) => element instanceof Element && element.matches("input:not([type=radio]):not([type=checkbox]):not([type=submit]), textarea, select, [contenteditable]");

function press(target) {
  if (target.matches("a[href]")) { target.click(); return; }
  if (target.matches("input[type=radio], input[type=checkbox]")) { target.checked = true; target.focus(); target.scrollIntoView({ block: "center" }); return; }
  if (target.matches("button, input[type=submit]")) { target.click(); return; }
  if (target.matches("summary")) { target.parentElement.open = !target.parentElement.open; target.focus(); return; }
  target.focus();
  target.scrollIntoView({ block: "center" });
}

function moveRow(step) {
  const rows = [...document.querySelectorAll("[data-row] a")];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  const next = rows[Math.max(0, Math.min(rows.length - 1, at + step))] || rows[0];
  next.focus();
}

const help = document.getElementById("shortcuts");

document.addEventListener("keydown", (event) => {
  if (document.body.dataset.shortcuts !== "on" || event.altKey || event.metaKey) return;
  if (event.ctrlKey) {
    if (event.key === "Enter") {
      const form = document.querySelector("form[data-main]");
      if (form) { event.preventDefault(); form.requestSubmit(); }
    }
    return;
  }
  if (event.key === "Escape" && typing(document.activeElement)) { document.activeElement.blur(); return; }
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "?" && help) { event.preventDefault(); help.showModal(); return; }
  if (event.key === "j") { event.preventDefault(); moveRow(1); return; }
  if (event.key === "k") { event.preventDefault(); moveRow(-1); return; }
  const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (target) { event.preventDefault(); press(target); }
});

document.querySelectorAll("[data-open-help]").forEach((link) => link.addEventListener("click", (event) => {
  if (help && help.showModal) { event.preventDefault(); help.showModal(); }
}));

// On a narrow screen filters are folded away until they are asked for; after one was chosen they stay as they were.
const narrow = window.matchMedia("(max-width: 800px)");
let isUnfolded = false;
function fold() {
  const filters = document.querySelector(".filter-box");
  if (filters) filters.open = !narrow.matches || isUnfolded;
}
document.addEventListener("toggle", (event) => { if (narrow.matches && event.target.matches(".filter-box")) isUnfolded = event.target.open; }, true);
document.addEventListener("htmx:afterSettle", fold);
narrow.addEventListener("change", fold);
fold();

// What htmx has put into the page: its heading is gone to, or it is told aloud where one stays.
document.addEventListener("htmx:afterSettle", (event) => {
  const heading = event.target.querySelector("h2[tabindex]");
  const told = event.target.querySelector("[data-told]");
  if (told) document.getElementById("told").textContent = told.textContent;
  else if (heading) { heading.focus(); heading.scrollIntoView({ block: "start" }); }
});

// A link to something that is folded away unfolds it.
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  const target = link && document.getElementById(link.hash.slice(1));
  if (target && target.matches("details")) { target.open = true; target.querySelector("summary").focus(); }
});

document.querySelectorAll("[data-print]").forEach((button) => { button.hidden = false; button.addEventListener("click", () => window.print()); });
