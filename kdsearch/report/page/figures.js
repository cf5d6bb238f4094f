"use strict";
// Draw the figures of a page one after the other, in the colours of the reader's screen; on paper in light ones.
const pictures = (() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const inTheDark = [["#1c2024", "#e6e8eb"], ["#6b7178", "#a6adb5"], ["#e8eaed", "#2b3036"], ["#b6bcc2", "#4b525a"], ['"white"', '"#15181c"']];
  const known = new Map();
  let printing = false;

  const text = (figure) => JSON.stringify(figure);

  function coloured(figure) {
    let written = text(figure);
    if (dark.matches && !printing) for (const [light, other] of inTheDark) written = written.replaceAll(light, other);
    const made = JSON.parse(written);
    Object.assign(made.layout, { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" });
    return made;
  }

  function draw(node, figure) {
    known.set(node, figure);
    const { data, layout } = coloured(figure);
    return Plotly.react(node, data, layout, { displayModeBar: false, responsive: true });
  }

  function again() {
    for (const [node, figure] of known) draw(node, figure);
  }

  function save(node, title) {
    const { data, layout } = JSON.parse(text(known.get(node)));
    const titled = { ...layout, title: { text: title, x: 0.01, font: { size: 15 } }, margin: { ...layout.margin, t: 64 }, paper_bgcolor: "white" };
    const size = { width: node.clientWidth, height: node.clientHeight + 30 };
    return Plotly.downloadImage({ data, layout: titled }, { format: "png", scale: 3, filename: title.replace(/[^\w-]+/g, "-"), ...size });
  }

  function saveButton(node, title) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link save";
    button.textContent = "Save as picture";
    button.addEventListener("click", () => save(node, title()));
    node.after(button);
  }

  async function all() {
    const page = document.title.split(" · ")[0];
    for (const node of document.querySelectorAll("figure .plot")) {
      const figure = JSON.parse(node.nextElementSibling.textContent);
      const heading = node.parentElement.querySelector("h3").textContent;
      await new Promise((next) => setTimeout(next));
      await draw(node, figure);
      saveButton(node, () => `${page}: ${heading}`);
    }
    document.body.dataset.drawn = "yes";
  }

  dark.addEventListener("change", again);
  addEventListener("beforeprint", () => { printing = true; again(); });
  addEventListener("afterprint", () => { printing = false; again(); });
  addEventListener("DOMContentLoaded", all);
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const words = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(words.textContent);
      button.textContent = "Copied";
    } catch { // a file opened from disk may not write to the clipboard: the reader copies what is selected
      getSelection().selectAllChildren(words);
    }
  });
  return { draw, saveButton };
})();
