/* The placement desk: keys, drag and drop, and what others do meanwhile. The desk works without this file. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const desk = document.querySelector("[data-desk]");
  if (!desk) return;
  const cards = () => Array.from(desk.querySelectorAll("[data-application]"));
  const said = document.querySelector("[data-said]");
  document.querySelector("[data-keys]").hidden = false;

  const scroll = () => desk.querySelector(".of-desk__scroll");

  // J and K go through the applications, 1 to 9 draft in the unit of that row, U undoes.
  const go = (step) => {
    const all = cards();
    const now = all.findIndex((card) => card === document.activeElement || card.hasAttribute("aria-current"));
    const focused = all.indexOf(document.activeElement);
    const next = all[Math.min(Math.max((focused >= 0 ? focused : now) + step, 0), all.length - 1)];
    if (next) {
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    }
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const key = event.key.toLowerCase();
    if (key === "j" || key === "k") {
      event.preventDefault();
      go(key === "j" ? 1 : -1);
    } else if (/^[1-9]$/.test(key)) {
      const form = desk.querySelectorAll("tr[data-unit] form")[Number(key) - 1];
      if (form) form.requestSubmit();
    } else if (key === "u") {
      const form = desk.querySelector("#chosen form[action$='/undo']");
      if (form) form.requestSubmit();
    }
  });

  // An application is dropped on a unit: the same as the buttons of that row, whichever child is chosen.
  const enable = () => {
    cards().forEach((card) => {
      card.draggable = true;
      card.addEventListener("dragstart", (event) => {
        event.dataTransfer.setData("text/plain", card.dataset.application);
        event.dataTransfer.effectAllowed = "move";
      });
    });
    desk.querySelectorAll("tr[data-unit]").forEach((row) => {
      row.addEventListener("dragover", (event) => {
        event.preventDefault();
        row.classList.add("is-target");
      });
      row.addEventListener("dragleave", () => row.classList.remove("is-target"));
      row.addEventListener("drop", (event) => {
        event.preventDefault();
        const token = desk.querySelector("input[name=csrf_token]");
        const application = event.dataTransfer.getData("text/plain");
        if (!token || !/^\d+$/.test(application)) return;
        const form = document.createElement("form");
        form.method = "post";
        form.action = desk.dataset.pulse.replace(/pulse$/, "plan");
        for (const [name, value] of [["csrf_token", token.value], ["application", application], ["unit_id", row.dataset.unit]]) {
          const input = document.createElement("input");
          input.type = "hidden";
          input.name = name;
          input.value = value;
          form.append(input);
        }
        document.body.append(form);
        form.submit();
      });
    });
  };
  enable();

  // Another worker's draft appears: the page asks now and then whether anything has changed, and takes the new parts.
  const EVERY = 4000;
  let tag = null;
  const busy = () => Boolean(document.activeElement && document.activeElement.closest("form input:not([type=hidden]), textarea, select, details[open]"));
  const renew = async () => {
    const answer = await fetch(window.location.pathname + window.location.search, { headers: { "X-Requested-With": "desk" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const at = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.application : null;
    const top = scroll() ? scroll().scrollTop : 0;
    page.querySelectorAll("[data-part]").forEach((part) => {
      const old = desk.querySelector(`[data-part=${part.dataset.part}]`);
      if (old) old.replaceWith(part);
    });
    const head = page.querySelector(".of-head"), shown = document.querySelector(".of-head");
    if (head && shown) shown.replaceWith(head);
    if (scroll()) scroll().scrollTop = top;
    const focused = at && desk.querySelector(`[data-application="${at}"]`);
    if (focused) focused.focus({ preventScroll: true });
    enable();
    said.textContent = desk.dataset.live;
  };
  const look = async () => {
    try {
      if (!document.hidden && !busy()) {
        const answer = await fetch(desk.dataset.pulse, { headers: tag ? { "If-None-Match": tag } : {}, redirect: "manual" });
        if (answer.type === "opaqueredirect") return; // logged out: the next press asks for a log-in
        const now = answer.headers.get("ETag");
        if (answer.status === 204 && now) {
          if (tag && now !== tag) await renew();
          tag = now;
        }
      }
    } catch (_no) { /* the network is away: asked again later */ }
    window.setTimeout(look, EVERY);
  };
  look();
});
