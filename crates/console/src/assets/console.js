// Makes some things quicker and quieter. Everything works without it.
"use strict";

// While an answer is awaited, the page says so.
const awaiting = (is) => document.documentElement.classList.toggle("loading", is);

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button && button.hasAttribute("data-once")) {
    // A second press would be answered with the first one's answer; it need not be sent at all.
    if (button.getAttribute("aria-disabled") === "true") {
      event.preventDefault();
      return;
    }
    button.setAttribute("aria-disabled", "true");
  }
  awaiting(true);
});

// A page that comes back out of the browser's memory is not waiting.
addEventListener("pageshow", () => {
  awaiting(false);
  document.querySelectorAll("[data-once]").forEach((button) => button.removeAttribute("aria-disabled"));
});

// Filters apply when they are chosen.
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form && form.hasAttribute("data-applies") && event.target.tagName === "SELECT") {
    form.requestSubmit();
  }
});

// A menu closes with Escape and when something else is pressed.
const menus = () => document.querySelectorAll("details.person[open]");
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    menus().forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  }
});
document.addEventListener("click", (event) => {
  menus().forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});

// What is still being found out is looked at again, while somebody looks at the page.
const renewed = document.querySelector("[data-renews-seconds]");
if (renewed) {
  setInterval(() => {
    if (!document.hidden) location.reload();
  }, Number(renewed.dataset.renewsSeconds) * 1000);
}
