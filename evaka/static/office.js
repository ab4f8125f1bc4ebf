/* The little that a page cannot do by itself. Every page works without this file. */
"use strict";

document.documentElement.classList.add("has-script");

document.addEventListener("DOMContentLoaded", () => {
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));

  // The side menu folds on small screens.
  const toggle = document.querySelector(".of-toggle");
  if (toggle) {
    const menu = document.getElementById(toggle.getAttribute("aria-controls"));
    const show = (open) => {
      menu.classList.toggle("is-open", open);
      toggle.setAttribute("aria-expanded", String(open));
    };
    toggle.addEventListener("click", () => show(toggle.getAttribute("aria-expanded") !== "true"));
    menu.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && toggle.getAttribute("aria-expanded") === "true") {
        show(false);
        toggle.focus();
      }
    });
  }

  // The user's menu closes with Escape and when the focus or the mouse goes elsewhere.
  all("details.of-user").forEach((details) => {
    details.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && details.open) {
        details.open = false;
        details.querySelector("summary").focus();
      }
    });
    document.addEventListener("click", (event) => {
      if (!details.contains(event.target)) details.open = false;
    });
    details.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !details.contains(event.relatedTarget)) details.open = false;
    });
  });

  // The search opens with / (outside of fields) and with Ctrl-K.
  const search = document.getElementById("search");
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    const slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
    const control = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
    if (search && (slash || control)) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  });

  // Lists by keys: j and k go down and up, Enter opens the row, x picks it; in a file that was opened from a list
  // j, k and u are its links to the next one, the one before, and back.
  // Who dictates or types with one key at a time turns them off.
  const rows = all("table.table--list tbody tr");
  const keys = document.querySelector("button[data-keys]");
  let here = -1;
  let quick = true;
  try { quick = window.localStorage.getItem("keys") !== "off"; } catch { /* nothing is kept here */ }
  if (keys) {
    keys.setAttribute("aria-pressed", String(quick));
    keys.addEventListener("click", () => {
      quick = !quick;
      keys.setAttribute("aria-pressed", String(quick));
      try { window.localStorage.setItem("keys", quick ? "on" : "off"); } catch { /* for this page only */ }
    });
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (!quick || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const link = document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`);
    if (link) {
      link.click();
    } else if (rows.length && (event.key === "j" || event.key === "k")) {
      here = Math.min(Math.max(here + (event.key === "j" ? 1 : -1), 0), rows.length - 1);
      rows.forEach((row, at) => { row.classList.toggle("is-here", at === here); });
      const first = rows[here].querySelector("th a");
      if (first) first.focus();
      rows[here].scrollIntoView({ block: "nearest" });
    } else if (event.key === "x" && here >= 0) {
      const tick = rows[here].querySelector("input[name=rowid]");
      if (tick) tick.click();
    } else {
      return;
    }
    event.preventDefault();
  });

  // A field of many rows offers those whose names begin with what is typed.
  all("input[data-lookup]").forEach((field) => {
    const list = document.getElementById(field.getAttribute("list"));
    let waiting = 0;
    field.addEventListener("input", () => {
      window.clearTimeout(waiting);
      const typed = field.value.trim();
      if (typed.length < 2 || typed.includes("#")) return;
      waiting = window.setTimeout(async () => {
        const answer = await fetch(`${field.dataset.lookup}&q=${encodeURIComponent(typed)}`);
        if (!answer.ok || field.value.trim() !== typed) return;
        list.replaceChildren(...(await answer.json()).map((text) => {
          const option = document.createElement("option");
          option.value = text;
          return option;
        }));
      }, 150);
    });
  });

  // A form that is asked by GET is answered while one types.
  all("form[data-live]").forEach((form) => {
    let waiting = 0;
    form.addEventListener("input", () => {
      window.clearTimeout(waiting);
      waiting = window.setTimeout(async () => {
        const asked = new URLSearchParams(new FormData(form)).toString();
        const answer = await fetch(`${form.action}?${asked}`);
        if (!answer.ok || asked !== new URLSearchParams(new FormData(form)).toString()) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        document.querySelector(form.dataset.live).replaceWith(page.querySelector(form.dataset.live));
      }, 400);
    });
  });

  // Rows are picked one by one or all at once, and the bar says how many.
  all("form[data-bulk]").forEach((form) => {
    const whole = form.querySelector("input[data-all]");
    const ticks = all("input[name=rowid], input[data-tick]", form);
    const told = form.querySelector("[data-count]");
    const tell = () => {
      const chosen = ticks.filter((tick) => tick.checked);
      ticks.forEach((tick) => tick.closest("tr").classList.toggle("is-chosen", tick.checked));
      if (told) told.textContent = String(chosen.length);
      if (whole) {
        whole.checked = chosen.length > 0 && chosen.length === ticks.length;
        whole.indeterminate = chosen.length > 0 && chosen.length < ticks.length;
      }
      all("button[data-needs]", form).forEach((button) => { button.disabled = chosen.length === 0; });
    };
    if (whole) whole.addEventListener("change", () => {
      ticks.forEach((tick) => { tick.checked = whole.checked; });
      tell();
    });
    form.addEventListener("change", tell);
    window.addEventListener("pageshow", tell);
    tell();
  });

  // Monday's hours are copied to the other working days, where they are the same as a rule.
  all("fieldset[data-week]").forEach((week) => {
    const button = week.querySelector("button[data-week-copy]");
    const rows = all("tbody tr", week).map((row) => all("input", row));
    button.hidden = false;
    button.addEventListener("click", () => {
      rows.slice(1, 5).forEach((inputs) => inputs.forEach((input, side) => { input.value = rows[0][side].value; }));
      week.dispatchEvent(new Event("input", { bubbles: true }));
    });
  });

  // A file that is too large is told beside its field before it is sent: the server would say the same, but later.
  const limits = document.querySelector("script[data-most]");
  all("form input[type=file]").forEach((field) => {
    const most = Number(field.form.dataset.most || limits.dataset.most);
    const mark = (large) => {
      const id = `${field.id || field.name}-large`;
      const others = (field.getAttribute("aria-describedby") || "").split(" ").filter((one) => one && one !== id);
      const old = document.getElementById(id);
      if (old) old.remove();
      field.closest(".of-field, div").classList.toggle("is-wrong", large.length > 0);
      field.removeAttribute("aria-invalid");
      if (large.length) {
        const told = document.createElement("p");
        told.id = id;
        told.className = "of-error";
        told.setAttribute("role", "alert");
        told.textContent = large.map((one) => limits.dataset.large.replace("{name}", () => one.name)
          .replace("{most}", String(most))).join(" ");
        field.after(told);
        field.setAttribute("aria-invalid", "true");
        others.push(id);
      }
      if (others.length) field.setAttribute("aria-describedby", others.join(" "));
      else field.removeAttribute("aria-describedby");
    };
    const look = () => {
      const large = Array.from(field.files).filter((one) => one.size > most * 1024 * 1024);
      mark(large);
      return large.length === 0;
    };
    field.addEventListener("change", look);
    field.form.addEventListener("submit", (event) => {
      if (look()) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      field.focus();
    }, true);
  });

  // What was typed is not lost by leaving the page unawares; one press sends a form once.
  all("form[data-keep]").forEach((form) => {
    let changed = Boolean(form.querySelector("[aria-invalid=true]"));
    form.addEventListener("input", () => { changed = true; });
    form.addEventListener("submit", () => { changed = false; });
    window.addEventListener("beforeunload", (event) => {
      if (changed) event.preventDefault();
    });
  });
  all("form[method=post]").forEach((form) => {
    form.addEventListener("submit", () => {
      window.setTimeout(() => all("button[type=submit]", form).forEach((button) => { button.disabled = true; }), 0);
    });
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) all("button[type=submit]", form).forEach((button) => { button.disabled = false; });
    });
  });

  // A list of mistakes, or else what just happened, is read first.
  const mistakes = document.querySelector(".of-mistakes");
  if (mistakes) mistakes.focus();

  // A choice that changes the page at once, where a button would be one press too many.
  all("select[data-go]").forEach((select) => {
    select.addEventListener("change", () => select.form.requestSubmit());
    all("button[data-go]", select.form).forEach((button) => { button.hidden = true; });
  });

  // Work that goes on by itself: how far it is, until it is done.
  all("progress[data-progress]").forEach((bar) => {
    const text = document.getElementById(bar.getAttribute("aria-labelledby"));
    const look = async () => {
      const answer = await fetch(bar.dataset.progress).catch(() => null);
      if (answer && answer.ok) {
        const { done, left } = await answer.json();
        if (left === 0) {
          window.location.reload();
          return;
        }
        bar.value = done;
        text.querySelector("b").textContent = String(done);
      }
      window.setTimeout(look, 2000);
    };
    window.setTimeout(look, 2000);
  });

  // A guardian's telephone keeps the look of the pages, and says so when there is no connection.
  const installed = document.querySelector("link[data-worker]");
  if (installed && "serviceWorker" in navigator) {
    navigator.serviceWorker.register(installed.dataset.worker, { scope: installed.dataset.scope }).catch(() => {});
  }

  all("button[data-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });

  // A long time line opens where today is.
  all(".of-scroll .now").forEach((line) => {
    const scroll = line.closest(".of-scroll");
    scroll.scrollLeft = line.getBoundingClientRect().left - scroll.getBoundingClientRect().left - scroll.clientWidth / 2;
  });

  // The chosen application stays in sight when the list is long.
  const list = document.querySelector(".of-desk__scroll");
  const chosen = list && list.querySelector("[aria-current]");
  if (chosen && list.scrollHeight > list.clientHeight) {
    const above = chosen.closest("li").previousElementSibling || chosen;
    list.scrollTop += above.getBoundingClientRect().top - list.getBoundingClientRect().top;
  }
});
