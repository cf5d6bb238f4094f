"use strict";
// Load the page again when the study has changed, at the place and with the choices that the reader had.
(() => {
  const version = document.querySelector("meta[name=version]").content;
  const choices = () => [...document.querySelectorAll("#switches select")];
  const kept = JSON.parse(sessionStorage.getItem("kdsearch") ?? "null");
  if (kept) {
    for (const select of choices()) {
      if (kept.choices[select.name] === undefined) continue;
      select.value = kept.choices[select.name];
      select.dispatchEvent(new Event("change"));
    }
    addEventListener("load", () => scrollTo({ top: kept.top, behavior: "instant" }));
  }
  setInterval(async () => {
    let now = version;
    try {
      now = await (await fetch("/version")).text();
    } catch { // the run has ended, or the command was stopped: the page stays as it is
      return;
    }
    if (now === version || !document.getElementById("card")?.hidden) return; // nobody loses the card that is read
    sessionStorage.setItem("kdsearch", JSON.stringify({ top: scrollY, choices: Object.fromEntries(choices().map((one) => [one.name, one.value])) }));
    location.reload();
  }, 3000);
})();
