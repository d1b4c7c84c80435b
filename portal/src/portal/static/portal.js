// Makes pages feel instant. Everything here also works without it: links and forms lead to whole pages.
"use strict";

const dialog = document.getElementById("dialog");

// Links and buttons marked data-dialog show the marked part of the page they lead to in a dialog.
async function openInDialog(url, options, otherwise) {
  try {
    const answer = await fetch(url, { ...options, headers: { "X-Part": "1" }, credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const part = page.querySelector("[data-part]");
    if (!part) return location.assign(answer.url);
    dialog.replaceChildren(document.importNode(part, true));
    const title = dialog.querySelector("h1");
    title.id = "dialog-title";
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0; // what has the focus may stand at the end; people read from the beginning
  } catch {
    otherwise();
  }
}

document.addEventListener("click", (event) => {
  const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  const link = event.target.closest("a[data-dialog]");
  if (link && plain) {
    event.preventDefault();
    openInDialog(link.href, {}, () => location.assign(link.href));
  }
  if (event.target.closest("dialog [data-close]") && plain) {
    event.preventDefault();
    dialog.close();
  }
  const step = event.target.closest("[data-step]");
  if (step) {
    const input = step.parentElement.querySelector("input");
    input[step.dataset.step === "1" ? "stepUp" : "stepDown"]();
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
  if (event.target.closest(".toast .close")) document.querySelector(".toast").remove();
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// A form is sent once: further clicks wait for the answer.
document.addEventListener("submit", (event) => {
  const form = event.target, button = event.submitter;
  if (event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  if (button && button.hasAttribute("data-dialog")) {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form, button));
    return openInDialog(button.getAttribute("formaction") || form.action, { method: "POST", body }, () => form.submit());
  }
  if (form.method === "post") form.dataset.sent = "1";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

document.addEventListener("keydown", (event) => {
  const inForm = event.target.matches("input") && event.target.form;
  if (event.key === "Enter" && inForm && inForm.elements.enter) event.preventDefault();
  const menu = document.querySelector("details.menu[open]");
  if (event.key === "Escape" && menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A part of the page that turned by itself says so once, to those who cannot see it.
document.addEventListener("htmx:after:swap", () => {
  const news = document.querySelector("[data-announce]"), region = document.getElementById("status");
  if (news && region.textContent !== news.dataset.announce) region.textContent = news.dataset.announce;
});

// Live regions speak of what arrives in them, not of what they begin with: the toast arrives a moment later.
const toast = document.querySelector(".toast");
if (toast) {
  const region = toast.parentElement;
  toast.remove();
  setTimeout(() => region.append(toast), 120);
}

document.querySelector(".summary-of-errors")?.focus();

// A page that only leads on goes on by itself, unless somebody is on the way back.
const [arrival] = performance.getEntriesByType("navigation");
if (arrival?.type !== "back_forward") document.querySelector("form[data-at-once]")?.requestSubmit();
