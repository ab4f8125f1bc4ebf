/* The group's tablet: a tap shows at once, waits in a queue while the network is away, and is sent in order.
   Every tap has an id of its own, so that the server counts it once however often it is sent.
   The page works without this file: its buttons are forms. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const board = document.querySelector("[data-board]");
  if (!board) return;
  const QUEUE = "evaka.taps", POLL = 1400, RETRY = 3000, WHOLE = 180000, OLD = 45000;
  const STATE = { arrive: "here", leave: "left", undo_arrive: "coming", undo_leave: "here" };
  const UNDO = { arrive: "undo_arrive", leave: "undo_leave" };
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  const one = (selector) => document.querySelector(selector);
  const words = Object.assign({}, board.dataset);
  let seen = Number(words.seen), tag = "", sending = false, lastNews = Date.now(), lastWhole = Date.now();

  /* -- the queue: kept by the browser, so that neither a reload nor an empty battery loses it -- */
  const queue = () => {
    try { return JSON.parse(window.localStorage.getItem(QUEUE)) || []; } catch (_error) { return []; }
  };
  const keep = (taps) => window.localStorage.setItem(QUEUE, JSON.stringify(taps));
  const newKey = () => {
    if (window.crypto && window.crypto.randomUUID) return window.crypto.randomUUID();
    return Array.from(window.crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  };

  /* -- what is shown -- */
  const clock = (at) => `${at.getHours()}.${String(at.getMinutes()).padStart(2, "0")}`;
  const tileOf = (child) => one(`[data-tile="${Number(child)}"]`);
  const show = (child, what, at) => {
    const tile = tileOf(child);
    if (!tile || !STATE[what]) return;
    const state = STATE[what];
    tile.classList.remove("is-coming", "is-here", "is-left", "is-away", "is-late");
    tile.classList.add(`is-${state}`);
    const said = tile.querySelector("[data-said]");
    if (what === "arrive") said.textContent = words.saidHere.replace("#", at);
    else if (what === "leave") said.textContent = words.saidLeft.replace("#", at);
    else said.textContent = "";
    count();
  };
  const count = () => {
    const tiles = all("[data-tile]");
    const filtered = one("[data-states] [aria-current]");
    if (filtered && filtered !== one("[data-states] a")) return; // not all tiles are on the page
    for (const state of ["coming", "here", "left", "away", "late"]) {
      const n = tiles.filter((tile) => tile.classList.contains(`is-${state}`)).length;
      all(`[data-count="${state}"]`).forEach((place) => { place.textContent = n; });
    }
  };
  const network = (away) => {
    const waiting = queue();
    all("[data-tile]").forEach((tile) => tile.classList.toggle("is-waiting", waiting.some((tap) => tap.child === Number(tile.dataset.tile))));
    const sign = one("[data-offline]");
    sign.hidden = !away;
    if (away) one("[data-offline-text]").textContent = `${words.away} ${waiting.length ? words.waiting.replace("#", waiting.length) : ""}`;
  };
  const undo = (child, what) => {
    const bar = one("[data-undo]"), tile = tileOf(child), back = UNDO[what];
    one("[data-undo-text]").textContent = words[`done${what[0].toUpperCase()}${what.slice(1)}`].replace("#", tile ? tile.dataset.name : "");
    bar.hidden = false;
    const form = bar.querySelector("form"), button = form.querySelector("button");
    form.hidden = !back;
    one("[data-ask]").hidden = true;
    form.elements.child.value = child;
    button.value = back || "";
  };
  const ask = (child) => { // a part of the day was missed, and nobody has said why
    const link = one("[data-ask]"), address = new URL(link.href);
    address.searchParams.set("child", child);
    link.href = address.href;
    link.hidden = false;
    one("[data-undo]").hidden = false;
  };
  const refuse = (sentence) => {
    const bar = one("[data-undo]");
    one("[data-undo-text]").textContent = sentence;
    bar.querySelector("form").hidden = true;
    bar.hidden = false;
  };

  /* -- tapping: forms are caught, the tile changes at once -- */
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-tap]");
    if (!form || !event.submitter) return;
    event.preventDefault();
    const child = Number(form.elements.child.value), what = event.submitter.value, at = Date.now();
    keep([...queue(), { key: newKey(), child, what, at }]);
    show(child, what, clock(new Date(at)));
    undo(child, what);
    const tile = tileOf(child);
    const next = tile && all("form [name=what]", tile).find((button) => button.offsetParent !== null);
    if (next && form.closest("[data-tile]")) next.focus();
    send();
  });

  /* -- sending, in order, one letter at a time -- */
  const send = async () => {
    const taps = queue();
    if (sending || !taps.length) return;
    sending = true;
    const letter = taps.slice(0, 50);
    try {
      const answer = await fetch(words.taps, {
        method: "POST", credentials: "same-origin", redirect: "manual",
        headers: { "Content-Type": "application/json", "X-CSRFToken": one("meta[name=csrf]").content },
        body: JSON.stringify({ taps: letter.map((tap) => ({ key: tap.key, child: tap.child, what: tap.what, age: Math.max(0, Date.now() - tap.at) })) }),
      });
      if (answer.status === 401) return void window.location.reload(); // shut out: the page says so
      if (answer.status === 400) return void renew();
      if (!answer.ok) throw new Error(String(answer.status));
      const done = (await answer.json()).done, gone = new Set(done.map((tap) => tap.key));
      keep(queue().filter((tap) => !gone.has(tap.key)));
      network(false);
      const refused = done.filter((tap) => tap.refused);
      if (refused.length) { refuse(refused.map((tap) => tap.refused).join(" ")); whole(); }
      const asked = done.filter((tap) => tap.ask).pop();
      if (asked) ask(asked.ask);
      sending = false;
      if (queue().length) send();
    } catch (_error) {
      network(true);
      window.setTimeout(() => { sending = false; send(); }, RETRY);
    }
  };
  const renew = async () => { // the form's token has run out: the page is fetched for a new one
    await whole(true);
    window.setTimeout(() => { sending = false; send(); }, RETRY);
  };
  window.addEventListener("online", () => { sending = false; send(); poll(); });

  /* -- what other tablets have tapped -- */
  const poll = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(words.changes, { credentials: "same-origin", cache: "no-store", headers: tag ? { "If-None-Match": tag } : {} });
      if (answer.status === 401) return void window.location.reload();
      const away = Date.now() - lastNews > OLD;
      lastNews = Date.now();
      if (answer.status === 200) {
        tag = answer.headers.get("ETag") || "";
        const waiting = queue(), news = (await answer.json()).changes.filter((change) => change[0] > seen);
        let more = away;
        for (const [id, child, what, at] of news) {
          seen = Math.max(seen, id);
          if (waiting.some((tap) => tap.child === child)) continue; // what was tapped here is newer
          if (what === "arrive" || what === "leave") show(child, what, at);
          else more = true;
        }
        if (more) whole();
      }
      if (!queue().length) network(false);
      if (Date.now() - lastWhole > WHOLE) whole();
    } catch (_error) {
      network(true);
    }
  };
  const whole = async (token = false) => { // the whole page anew, in place; never over taps that still wait
    if (queue().length && !token) return;
    lastWhole = Date.now();
    try {
      const answer = await fetch(window.location.href, { credentials: "same-origin", cache: "no-store" });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      one("meta[name=csrf]").content = fresh.querySelector("meta[name=csrf]").content;
      if (queue().length) return;
      const focus = document.activeElement && document.activeElement.closest("[data-tile]");
      for (const part of ["[data-top]", "[data-states]", "[data-board] .of-tiles"]) {
        const before = one(part), after = fresh.querySelector(part);
        if (before && after) before.replaceWith(document.adoptNode(after));
      }
      const again = focus && tileOf(focus.dataset.tile);
      const button = again && all("form [name=what]", again).find((each) => each.offsetParent !== null);
      if (button) button.focus();
    } catch (_error) {
      network(true);
    }
  };

  /* -- begin: what waits from before shows and goes first -- */
  queue().forEach((tap) => show(tap.child, tap.what, clock(new Date(tap.at))));
  network(false);
  send();
  window.setInterval(poll, POLL);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { poll(); send(); } });
});
