// What the pages can do with a script: they keep themselves up to date, and take keys.
// All of them read well without it. Nothing of a mail is put into the document but what the
// server wrote, escaped, into the same page.
"use strict";

(() => {
  const root = document.body.dataset.root;
  const told = document.getElementById("told");
  let version = document.body.dataset.version;

  // --- Parts of the page, read anew -----------------------------------------------------------

  const rowsOf = (place) => [...place.querySelectorAll("#rows > li")];

  // Put what another reading of this page has in place of what is here, where they differ.
  function take(fresh) {
    const known = new Set(rowsOf(document).map((row) => row.id));
    for (const part of document.querySelectorAll("[data-live]")) {
      if (!part.isConnected) continue; // it stood in one that was replaced
      const next = fresh.getElementById(part.id);
      if (!next) continue;
      keep(part, next);
      if (part.innerHTML === next.innerHTML) continue;
      const scrolled = part.scrollTop;
      const focused = part.contains(document.activeElement) ? place(document.activeElement) : null;
      part.replaceWith(next);
      next.scrollTop = scrolled;
      if (focused) document.querySelector(focused)?.focus({ preventScroll: true });
    }
    const arrived = rowsOf(document).filter((row) => !known.has(row.id));
    if (known.size && !document.querySelector("[name=q]").value) {
      for (const row of arrived) row.classList.add("arrived");
    }
    document.title = fresh.title;
    version = fresh.body.dataset.version;
  }

  // What the person did to a part stays: what is open, and who is chosen.
  function keep(part, next) {
    for (const details of part.querySelectorAll("details[id]")) {
      const same = next.querySelector(`#${CSS.escape(details.id)}`);
      if (same) same.toggleAttribute("open", details.open);
    }
    for (const radio of part.querySelectorAll("input[type=radio]")) {
      for (const same of next.querySelectorAll("input[type=radio]")) {
        if (same.value === radio.value) same.toggleAttribute("checked", radio.checked);
      }
    }
  }

  function place(element) {
    if (element.id) return `#${CSS.escape(element.id)}`;
    const row = element.closest("#rows > li");
    return row ? `#${CSS.escape(row.id)} > a` : null;
  }

  function parsed(text) {
    return new DOMParser().parseFromString(text, "text/html");
  }

  let reading = false;
  let again = false;
  async function read() {
    if (reading) {
      again = true;
      return;
    }
    reading = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.ok) take(parsed(await answer.text()));
      else if (answer.status === 404) say("This mail was deleted.");
    } catch {
      // The server is gone; the stream connects anew when it is back.
    } finally {
      reading = false;
      if (again) {
        again = false;
        read();
      }
    }
  }

  let quiet = 0;
  function say(text) {
    told.textContent = text;
    clearTimeout(quiet);
    quiet = setTimeout(() => { told.textContent = ""; }, 4000);
  }

  // --- News -----------------------------------------------------------------------------------

  // A browser has six connections for a server: those that nobody looks at hold none.
  let stream = null;
  function listen() {
    if (document.hidden) {
      stream?.close();
      stream = null;
    } else if (!stream) {
      stream = new EventSource(`${root}/live`);
      stream.addEventListener("hello", (event) => {
        document.body.dataset.live = "yes";
        if (event.data !== version) read();
      });
      stream.addEventListener("change", read);
    }
  }
  if (document.querySelector("[data-live]")) {
    document.addEventListener("visibilitychange", listen);
    addEventListener("pagehide", () => { stream?.close(); stream = null; });
    addEventListener("pageshow", listen);
    listen();
  }

  // --- Forms that stay on their page ----------------------------------------------------------

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!("quiet" in form.dataset)) return;
    event.preventDefault();
    const button = event.submitter;
    const data = new FormData(form, button);
    button?.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(data) });
      const fresh = parsed(await answer.text());
      if (answer.ok) take(fresh);
      else say(fresh.querySelector("h1")?.textContent ?? "It failed.");
    } catch {
      say("The server does not answer.");
    } finally {
      button?.removeAttribute("aria-busy");
    }
  });

  // --- Copying --------------------------------------------------------------------------------

  for (const button of document.querySelectorAll(".copy-button")) button.hidden = !navigator.clipboard;
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.(".copy-button");
    if (!button) return;
    await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
    say("Copied.");
  });

  // --- Keys -----------------------------------------------------------------------------------

  const keys = { j: ["next mail", () => move(1)], k: ["mail before", () => move(-1)],
    "/": ["search", () => document.getElementById("search").select()],
    u: ["back to the list", () => { if (document.querySelector(".message")) location.href = `${root}/`; }],
    "?": ["these keys", help] };

  function move(step) {
    const links = rowsOf(document).map((row) => row.querySelector("a"));
    if (!links.length) return;
    const current = links.findIndex((link) => link === document.activeElement || link.ariaCurrent);
    const focused = links.indexOf(document.activeElement);
    const from = document.querySelector(".message") ? current : focused;
    const target = links[Math.min(Math.max(from + step, 0), links.length - 1)];
    if (document.querySelector(".message")) {
      if (!target.ariaCurrent) location.href = target.href;
    } else {
      target.focus();
      target.scrollIntoView({ block: "nearest" });
    }
  }

  function help() {
    const dialog = document.createElement("dialog");
    const title = dialog.appendChild(document.createElement("h2"));
    title.textContent = "Keys";
    const list = dialog.appendChild(document.createElement("dl"));
    const entries = Object.entries(keys).map(([key, [what]]) => [key, what]);
    for (const [key, what] of [...entries, ["Enter", "open the mail"], ["Esc", "leave the search"]]) {
      list.appendChild(document.createElement("dt")).appendChild(document.createElement("kbd")).textContent = key;
      list.appendChild(document.createElement("dd")).textContent = what;
    }
    dialog.addEventListener("close", () => dialog.remove());
    document.body.appendChild(dialog).showModal();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input:not([type=radio]), textarea, select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const action = document.querySelector("dialog[open]") ? null : keys[event.key];
    if (action) {
      event.preventDefault();
      action[1]();
    }
  });

  const sidebar = document.querySelector(".sidebar");
  const chosen = sidebar?.querySelector(".chosen");
  if (chosen) sidebar.scrollTop = chosen.offsetTop - sidebar.clientHeight / 2;
})();
