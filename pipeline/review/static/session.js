// Warns before the session ends for want of activity, and keeps what was entered when it has ended.
const box = document.getElementById("session");
const WARN_SECONDS = 120;
let timer = 0;

const part = (name) => box.querySelector(`[data-when=${name}]`);

async function ask(method) {
  const answer = await fetch("/session", { method, headers: { "hx-request": "true", "x-csrf-token": box.dataset.csrf } });
  return answer.ok ? answer.json() : null;
}

function wait(seconds) {
  clearTimeout(timer);
  timer = setTimeout(look, Math.max(1, seconds) * 1000);
}

function show(name) {
  for (const one of ["soon", "over"]) part(one).hidden = one !== name;
  box.setAttribute("aria-labelledby", part(name).querySelector("h2").id);
  box.classList.toggle("is-over", name === "over");
  if (box.open) box.close();
  box.showModal();
  part(name).querySelector("h2").scrollIntoView();
}

function take(found) {
  if (found.account !== box.dataset.account) { location.assign("/"); return; }
  document.querySelectorAll("input[name=csrf]").forEach((field) => { field.value = found.csrf; });
  box.dataset.csrf = found.csrf;
  box.classList.remove("is-over");
  if (box.open) box.close();
  wait(found.left - warnAt());
}

const warnAt = () => Math.min(WARN_SECONDS, box.dataset.idle / 2);

async function look() {
  const found = await ask("GET").catch(() => undefined);
  if (found === undefined) { wait(30); return; }  // the desk does not answer: nothing is known of the session
  if (found === null) { show("over"); return; }
  if (found.left > warnAt() + 1) { take(found); return; }
  box.querySelector("[data-at]").textContent = new Date(Date.now() + found.left * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (!box.open) show("soon");
  wait(Math.min(found.left + 1, 10));
}

if (box) {
  wait(box.dataset.idle - warnAt());
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !box.open) look(); });
  document.addEventListener("htmx:responseError", (event) => { if (event.detail.xhr.status === 401) show("over"); });
  const stay = async () => { const found = await ask("POST").catch(() => null); if (found) take(found); else look(); };
  box.addEventListener("cancel", (event) => { event.preventDefault(); if (!box.classList.contains("is-over")) stay(); });
  box.addEventListener("close", () => { if (box.classList.contains("is-over") && !box.open) box.showModal(); });
  box.querySelector("[data-stay]").addEventListener("click", stay);
  box.querySelector("[data-back]").addEventListener("click", async () => {
    const found = await ask("GET").catch(() => null);
    box.querySelector("[data-not-yet]").hidden = Boolean(found);
    if (found) take(found);
  });
}
