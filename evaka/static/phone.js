/* Lets a browser agree to be told: the one thing of the guardians' pages that only a script can do. */
"use strict";

document.addEventListener("DOMContentLoaded", async () => {
  const form = document.querySelector("form[data-push]");
  if (!form || !("serviceWorker" in navigator) || !("PushManager" in window)) return;
  form.hidden = false;
  document.querySelector("[data-push-missing]").hidden = true;
  const octets = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const plain = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  form.addEventListener("submit", async (event) => {
    if (form.elements.endpoint.value) return;
    event.preventDefault();
    try {
      const worker = await navigator.serviceWorker.ready;
      const agreed = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: octets(form.dataset.push) });
      form.elements.endpoint.value = agreed.endpoint;
      form.elements.public_key.value = plain(agreed.getKey("p256dh"));
      form.elements.shared_secret.value = plain(agreed.getKey("auth"));
      form.submit();
    } catch {
      form.querySelector("[data-push-refused]").hidden = false;
    }
  });
});
