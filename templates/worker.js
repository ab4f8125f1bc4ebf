/* Keeps the look of the pages and one page that says that there is no connection.  No page of anybody's own is kept. */
"use strict";

const CACHE = "look-{{ mark }}";
const KEPT = {{ kept|tojson }};
const LANGUAGES = {{ languages|tojson }};

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(KEPT.map((one) => new Request(one, { cache: "reload", credentials: "omit" })))).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(names.filter((one) => one.startsWith("look-") && one !== CACHE).map((one) => caches.delete(one))))
    .then(() => self.clients.claim()));
});

const spoken = () => {
  const wanted = (self.navigator.languages || []).map((one) => one.slice(0, 2)).find((one) => LANGUAGES.includes(one));
  return `/offline?language=${wanted || LANGUAGES[0]}`;
};

self.addEventListener("fetch", (event) => {
  const asked = new URL(event.request.url);
  if (event.request.method !== "GET" || asked.origin !== self.location.origin) return;
  if (event.request.mode === "navigate") {
    event.respondWith(fetch(event.request).catch(() => caches.match(spoken()).then((page) => page || Response.error())));
  } else if (KEPT.includes(asked.pathname)) {
    event.respondWith(fetch(event.request).catch(() => caches.match(event.request).then((kept) => kept || Response.error())));
  }
});

self.addEventListener("push", (event) => {
  const told = event.data ? event.data.json() : {};
  event.waitUntil(self.registration.showNotification(told.title || "", {
    body: told.text || "", tag: told.mark, icon: {{ icon|tojson }}, lang: self.navigator.language, data: { path: told.path || "/my/" },
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const path = new URL(event.notification.data.path, self.location.origin);
  event.waitUntil(self.clients.openWindow(path.origin === self.location.origin ? path.href : "/my/"));
});
