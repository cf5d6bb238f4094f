"use strict";
// The page of a study: the main figure with its switches, the card of a network, the table of all trials.
(() => {
  const study = JSON.parse(document.getElementById("study").textContent);
  const plot = document.getElementById("figure-cost");
  if (!plot) return;
  const card = document.getElementById("card");
  const byId = new Map(study.networks.map((one) => [one.id, one]));
  const trials = study.networks.filter((one) => one.number !== undefined);
  const INK = "#1c2024", GREY = "#6b7178";
  const choice = { metric: study.metric, split: "val", horizon: "all", cost: study.cost };

  const error = (one, { metric, split, horizon } = choice) => one.errors[split]?.[metric]?.[horizon];
  const spread = (one) => one.stds?.[choice.split]?.[choice.metric]?.[choice.horizon];
  const titled = (list, name) => list.find((one) => one.name === name)?.title ?? name;
  const number = (value, digits = 3) => value === undefined ? "" : Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(digits)));
  const shownError = (value) => value === undefined ? "–" : value >= 1 ? value.toFixed(2) : number(value);
  const plain = (words) => words.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);

  function element(name, { text, ...attributes } = {}, ...children) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  // The main figure

  function points() {
    return study.networks
      .map((one) => ({ one, x: one.costs[choice.cost], y: error(one) }))
      .filter(({ one, x, y }) => x !== undefined && y !== undefined && (one.role || one.state === "finished"));
  }

  function stairs(all) {
    const inside = all.filter(({ one }) => !one.role && one.feasible).sort((a, b) => a.x - b.x || a.y - b.y);
    const front = [];
    for (const point of inside) if (!front.length || point.y < front.at(-1).y) front.push(point);
    return front;
  }

  function highest(all, front) {
    const anchors = all.filter(({ one }) => one.role === "teacher" || one.chosen || one.front).map(({ y }) => y);
    const most = anchors.length ? 1.15 * Math.max(...anchors) : Infinity;
    return Math.max(...[...anchors, ...front.map(({ y }) => y), ...all.map(({ y }) => y).filter((y) => y <= most)]);
  }

  const legend = (name, marker, group, title) => ({
    x: [null], y: [null], mode: "markers", marker: { size: 9, ...marker }, name: plain(name), hoverinfo: "skip",
    legendgroup: group, legendgrouptitle: { text: title },
  });

  function marked(all, kind) {
    const own = all.filter(({ one }) => !one.role && one.kind === kind);
    return {
      x: own.map(({ x }) => x), y: own.map(({ y }) => y), mode: "markers", showlegend: false,
      customdata: own.map(({ one }) => one.id), hoverinfo: "text", hovertext: own.map(hover),
      marker: {
        color: study.kinds[kind], size: own.map(({ one }) => one.front ? 12 : 8),
        symbol: own.map(({ one }) => study.symbols[one.loss] + (one.feasible ? "" : "-open")),
        opacity: own.map(({ one }) => one.front ? 1 : one.feasible ? 0.45 : 0.75),
        line: { width: 1, color: "white" },
      },
    };
  }

  function bars(all, kind) {
    const own = all.filter(({ one }) => !one.role && one.kind === kind && spread(one) !== undefined);
    return {
      x: own.map(({ x }) => x), y: own.map(({ y }) => y), mode: "markers", marker: { opacity: 0 }, hoverinfo: "skip", showlegend: false,
      error_y: { type: "data", array: own.map(({ one }) => spread(one)), color: study.kinds[kind], thickness: 1.4, width: 4 },
    };
  }

  function hover({ one, x, y }) {
    const lines = [`<b>${plain(one.title)}</b>`, plain(one.words), `${plain(titled(study.metrics, choice.metric))}: ${shownError(y)}`];
    return [...lines, `${plain(titled(study.costs, choice.cost))}: ${number(x)}`, "click for more"].join("<br>");
  }

  function single(point, marker, name, group) {
    return {
      x: [point.x], y: [point.y], mode: "markers", marker, name: plain(name), legendgroup: group, hoverinfo: "text",
      legendgrouptitle: { text: group === "beside" ? "compared with" : "the search" },
      hovertext: [hover(point)], customdata: [point.one.id],
    };
  }

  function levels(range, top) {
    const traces = [], above = [];
    for (const line of study.lines) {
      const value = error(line);
      if (value === undefined) continue;
      if (value > top) { above.push(`${line.name} ${shownError(value)}`); continue; }
      traces.push({
        x: range, y: [value, value], mode: "lines", name: plain(line.name), hoverinfo: "text", legendgroup: "beside",
        line: { color: GREY, width: 1.2, dash: traces.length % 2 ? "dot" : "dash" }, hovertext: `${plain(line.name)}: ${shownError(value)}`,
        legendgrouptitle: { text: "compared with" },
      });
    }
    return { traces, above };
  }

  function figure() {
    const all = points(), front = stairs(all), top = highest(all, front);
    const costs = all.map(({ x }) => x), errors = all.map(({ y }) => y).filter((y) => y <= top);
    const ends = [Math.min(...costs) / 1.4, Math.max(...costs) * 1.4];
    const { traces, above } = levels(ends, top);
    const hidden = all.filter(({ y }) => y > top).length;
    if (hidden) above.push(hidden === 1 ? "1 network" : `${hidden} networks`);
    const kinds = Object.keys(study.kinds).filter((kind) => all.some(({ one }) => one.kind === kind));
    const losses = Object.keys(study.symbols).filter((loss) => all.some(({ one }) => one.loss === loss));
    const data = [];
    if (front.length) data.push({ x: front.map(({ x }) => x), y: front.map(({ y }) => y), mode: "lines", line: { color: INK, width: 1.2, shape: "hv" }, name: "least error at this cost", hoverinfo: "skip", legendgroup: "search", legendgrouptitle: { text: "the search" } });
    for (const kind of kinds) data.push(bars(all, kind), marked(all, kind), legend(kind, { color: study.kinds[kind], symbol: "circle" }, "search", "the search"));
    if (losses.length > 1) for (const loss of losses) data.push(legend(loss === "none" ? "without a teacher" : `loss ${loss}`, { color: GREY, symbol: study.symbols[loss] }, "search", "the search"));
    if (all.some(({ one }) => one.feasible === false)) data.push(legend("outside the limits", { color: GREY, symbol: "circle-open" }, "search", "the search"));
    const chosen = all.find(({ one }) => one.chosen);
    if (chosen) data.push({ ...single(chosen, { size: 24, symbol: "circle-open", color: INK, line: { width: 1.8 } }, study.chosenWord, "search"), hoverinfo: "skip" });
    for (const point of all.filter(({ one }) => one.role)) data.push(single(point, point.one.star, point.one.title, "beside"));
    data.push(...traces);
    const air = 0.08 * (top - Math.min(...errors)) || 0.05 * Math.abs(top) || 1;
    const axis = { gridcolor: "#e8eaed", linecolor: "#b6bcc2", ticks: "outside", tickcolor: "#b6bcc2", ticklen: 4, zeroline: false, automargin: true };
    const words = `${titled(study.splits, choice.split)} ${titled(study.metrics, choice.metric)}` + (choice.horizon === "all" ? "" : `, ${choice.horizon} minutes ahead`);
    return {
      data,
      layout: {
        template: "none", font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: INK }, height: plot.clientWidth < 700 ? 540 : 430,
        xaxis: { ...axis, type: "log", range: ends.map(Math.log10), title: { text: plain(titled(study.costs, choice.cost)), standoff: 8, font: { size: 13 } }, tickformat: study.costs.find((one) => one.name === choice.cost)?.ticks, dtick: "D2" },
        yaxis: { ...axis, range: [Math.min(...errors) - air, top + air], title: { text: plain(words), standoff: 8, font: { size: 13 } } },
        margin: { l: 56, r: 12, t: 12, b: 40 }, hovermode: "closest",
        hoverlabel: { bgcolor: "white", bordercolor: "#b6bcc2", align: "left", font: { size: 12, color: INK } },
        legend: plot.clientWidth < 700
          ? { orientation: "h", y: -0.18, yanchor: "top", x: 0, itemclick: false, itemdoubleclick: false, font: { size: 12 } }
          : { x: 1.02, y: 1, itemclick: false, itemdoubleclick: false, font: { size: 12 }, grouptitlefont: { size: 12, color: GREY } },
        annotations: above.length ? [{ text: plain(`↑ above: ${above.join(", ")}`), x: 1, xref: "paper", xanchor: "right", y: 1, yref: "paper", yanchor: "top", showarrow: false, font: { size: 12, color: GREY } }] : [],
      },
    };
  }

  async function redraw() {
    const all = points();
    if (!all.length) return;
    await pictures.draw(plot, figure());
    Plotly.Plots.resize(plot);
    plot.removeAllListeners?.("plotly_click");
    plot.on("plotly_click", ({ points: [at] }) => at.customdata && show(at.customdata));
  }

  // The switches

  function fill(name, options) {
    const select = document.querySelector(`#switches [name=${name}]`);
    for (const one of options) select.append(element("option", { value: one.name, text: one.title }));
    select.value = choice[name];
    select.parentElement.hidden = options.length < 2;
    select.addEventListener("change", () => { choice[name] = select.value; redraw(); list(); });
  }

  // The card of a network

  function errorTable(one) {
    const splits = study.splits.filter(({ name }) => one.errors[name]?.[choice.metric]);
    const ends = study.horizons.filter(({ name }) => splits.some((split) => one.errors[split.name][choice.metric][name] !== undefined));
    const head = element("tr", {}, element("th", { scope: "col", text: titled(study.metrics, choice.metric) }), ...splits.map(({ title }) => element("th", { scope: "col", text: title })));
    const rows = ends.map(({ name, title }) => element("tr", {}, element("th", { scope: "row", text: name === "all" ? "mean" : title }), ...splits.map((split) => {
      const std = one.stds?.[split.name]?.[choice.metric]?.[name];
      return element("td", { text: shownError(one.errors[split.name][choice.metric][name]) + (std === undefined ? "" : ` ± ${number(std, 2)}`) });
    })));
    return element("div", { class: "scroll" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
  }

  const definitions = (rows) => element("dl", {}, ...rows.flatMap(([name, value]) => [element("dt", { text: name }), element("dd", { text: value })]));

  function curve(one) {
    const node = element("div", { class: "plot", role: "img", "aria-label": `Learning curve of ${one.title}` });
    const [x, y] = [0, 1].map((place) => one.curve.map((point) => point[place]));
    const axis = { gridcolor: "#e8eaed", zeroline: false, automargin: true, nticks: 4 };
    setTimeout(() => pictures.draw(node, {
      data: [{ x, y, mode: "lines+markers", line: { color: "#0072B2" }, marker: { size: 4 }, hoverinfo: "x+y" }],
      layout: { template: "none", height: 150, margin: { l: 40, r: 4, t: 4, b: 30 }, font: { size: 11, color: INK }, xaxis: { ...axis, title: { text: "CPU seconds", font: { size: 11 } } }, yaxis: axis, showlegend: false },
    }));
    return node;
  }

  function show(id) {
    const one = byId.get(id);
    if (!one) return;
    const close = element("button", { type: "button", "aria-label": "Close the card", text: "×" });
    close.addEventListener("click", () => { card.hidden = true; redraw(); });
    const parts = [element("h3", {}, element("span", { text: one.title }), close), element("p", { text: one.words })];
    if (one.state && one.state !== "finished") parts.push(element("p", { text: one.reason ? `${one.state}: ${one.reason}` : one.state }));
    if (one.limits?.length) parts.push(element("p", { text: one.limits.join("; ") }));
    if (Object.keys(one.errors).length) parts.push(errorTable(one));
    parts.push(definitions(one.facts));
    for (const sentence of one.twins) parts.push(element("p", { text: sentence }));
    if (one.settings.length) parts.push(element("h4", { text: "Settings" }), definitions(one.settings));
    if (one.curve.length > 1) parts.push(element("h4", { text: "Validation MAE in training" }), curve(one));
    if (one.export) parts.push(element("p", { class: "home" }, element("code", { id: "card-export", text: one.export }), element("button", { type: "button", "data-copy": "card-export", text: "Copy" })));
    card.replaceChildren(...parts);
    const opened = card.hidden;
    card.hidden = false;
    for (const row of document.querySelectorAll("tr.shown")) row.classList.remove("shown");
    document.querySelector(`#all [data-row="${CSS.escape(id)}"]`)?.classList.add("shown");
    if (opened) redraw();
  }

  // The table of all trials

  const table = document.getElementById("all"), find = document.getElementById("find"), more = document.getElementById("more");
  const PAGE = 100;
  let sorted = { column: 0, down: false }, shownRows = PAGE;
  const columns = [
    { title: "trial", value: (one) => one.number, cell: (one) => one.number },
    { title: "network", words: true, value: (one) => one.words, cell: (one) => one.words },
    { title: "state", words: true, value: (one) => one.state, cell: (one) => one.state + (one.reason ? `: ${one.reason}` : "") },
    { title: () => `${titled(study.splits, choice.split)} ${titled(study.metrics, choice.metric)}`, value: (one) => error(one), cell: (one) => shownError(error(one)) },
    { title: () => "test", value: (one) => error(one, { ...choice, split: "test" }), cell: (one) => shownError(error(one, { ...choice, split: "test" })), shown: () => choice.split === "val" && study.splits.length > 1 },
    ...study.costs.map((axis) => ({ title: axis.name, value: (one) => one.costs[axis.name], cell: (one) => number(one.costs[axis.name]) })),
    { title: "limits", words: true, value: (one) => one.limits.length, cell: (one) => one.limits.join("; "), shown: () => study.limited },
  ];
  const heading = ({ title }) => typeof title === "function" ? title() : title;

  function found() {
    const words = find.value.toLowerCase().split(/[\s,]+/).filter(Boolean);
    const kept = trials.filter((one) => {
      const text = [one.title, one.words, one.kind, one.state, one.reason, one.front ? "front" : "", ...one.settings.map((pair) => pair.join(" ")), ...one.limits].join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const { value } = columns[sorted.column];
    const sign = sorted.down ? -1 : 1;
    return kept.sort((a, b) => {
      const [one, other] = [value(a), value(b)];
      if (one === undefined || other === undefined) return (one === undefined) - (other === undefined);
      return sign * (typeof one === "string" ? one.localeCompare(other) : one - other) || a.number - b.number;
    });
  }

  function list() {
    const used = columns.filter((one) => one.shown?.() ?? true), rows = found();
    const heads = used.map((column) => {
      const place = columns.indexOf(column), button = element("button", { type: "button", text: heading(column) });
      button.addEventListener("click", () => { sorted = { column: place, down: sorted.column === place && !sorted.down }; list(); });
      const head = element("th", { scope: "col", "aria-sort": sorted.column === place ? (sorted.down ? "descending" : "ascending") : "none" }, button);
      if (column.words) head.className = "words";
      return head;
    });
    const body = rows.slice(0, shownRows).map((one) => {
      const row = element("tr", { "data-row": one.id }, ...used.map((column, place) => place ? element("td", { class: column.words ? "words" : "", text: column.cell(one) }) : element("td", {}, element("button", { type: "button", class: "link", "data-card": one.id, "aria-label": one.title, text: column.cell(one) }))));
      if (one.chosen) row.className = "knee";
      return row;
    });
    table.replaceChildren(table.caption, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...body));
    document.getElementById("found").textContent = `${rows.length} of ${trials.length} trials`;
    more.hidden = rows.length <= shownRows;
    more.textContent = `Show all ${rows.length}`;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-card]");
    if (!button) return;
    show(button.dataset.card);
    document.getElementById("cost").scrollIntoView({ block: "start" });
  });
  find.addEventListener("input", () => { shownRows = PAGE; list(); });
  more.addEventListener("click", () => { shownRows = Infinity; list(); });
  addEventListener("beforeprint", () => { shownRows = Infinity; list(); });
  fill("metric", study.metrics);
  fill("split", study.splits);
  fill("horizon", study.horizons);
  fill("cost", study.costs);
  redraw();
  pictures.saveButton(plot, () => `${study.study}: error against ${choice.cost}`);
  list();
})();
