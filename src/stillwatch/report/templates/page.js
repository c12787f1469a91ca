"use strict";
// Only comfort: without this script everything is on the page and can be read, opened and printed.

const root = document.documentElement;
const remembered = {
  get() { try { return localStorage.getItem("stillwatch-theme"); } catch { return null; } },
  set(theme) { try { localStorage.setItem("stillwatch-theme", theme); } catch { /* private windows forget */ } },
};
if (["light", "dark"].includes(remembered.get())) root.dataset.theme = remembered.get();

addEventListener("DOMContentLoaded", () => {
  offerTheme();
  for (const table of document.querySelectorAll("table.sortable")) offerSorting(table);
  offerFilter();
  offerCollapse();
  for (const ring of JSON.parse(document.getElementById("rings").textContent)) enliven(ring);
  followSections();
  openTarget();
  addEventListener("hashchange", openTarget);
  addEventListener("beforeprint", () => openAll("details.dossier"));
});

function offerTheme() {
  const button = document.getElementById("theme");
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const label = () => { button.textContent = isDark() ? "Light" : "Dark"; button.setAttribute("aria-label", `Switch to ${isDark() ? "light" : "dark"} colours`); };
  button.hidden = false;
  label();
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remembered.set(root.dataset.theme);
    label();
  });
}

function offerSorting(table) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const numbers = head.classList.contains("n");
      const down = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : numbers;
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = row => row.cells[column].dataset.sort ?? row.cells[column].textContent;
      const compare = (a, b) => {
        const [x, y] = [key(a), key(b)];
        return x !== "" && y !== "" && !isNaN(x) && !isNaN(y) ? x - y : x.localeCompare(y);
      };
      body.append(...[...body.rows].sort((a, b) => down ? compare(b, a) : compare(a, b)));
    });
  });
}

function offerFilter() {
  const table = document.getElementById("accounts-table");
  if (!table) return;
  const field = document.getElementById("filter");
  const told = document.getElementById("filter-count");
  const rows = [...table.tBodies[0].rows].map(row => [row, row.textContent.toLowerCase()]);
  field.closest(".filter").hidden = false;
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every(word => text.includes(word));
      shown += !row.hidden;
    }
    told.textContent = words.length ? `${shown} of ${rows.length} rows` : "";
  });
}

function openAll(selector, open = true) {
  for (const details of document.querySelectorAll(selector)) details.open = open;
}

function offerCollapse() {
  const campaigns = document.querySelectorAll("details.dossier");
  if (campaigns.length < 2) return;
  const line = document.createElement("p");
  line.className = "note tools";
  for (const [label, open] of [["Open all", true], ["Close all", false]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "tool";
    button.textContent = label;
    button.addEventListener("click", () => openAll("details.dossier", open));
    line.append(button, " ");
  }
  campaigns[0].before(line);
}

function openTarget() {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  const campaign = target && target.closest("details.dossier");
  if (!campaign) return;
  campaign.open = true;
  campaign.scrollIntoView();
}

function followSections() {
  const links = new Map([...document.querySelectorAll(".rail > ul > li > a")].map(link => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver(entries => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-15% 0px -80% 0px" });
  for (const id of links.keys()) seen.observe(document.getElementById(id));
}

// A ring answers the pointer (hover, drag) and, as one tab stop, the arrow keys.
function enliven({ anchor, names, links }) {
  const svg = document.querySelector(`svg[data-ring="${anchor}"]`);
  const circles = [...svg.querySelectorAll("circle")];
  const lines = [...svg.querySelectorAll("line")];
  const labels = new Map([...svg.querySelectorAll("text")].map(text => [Number(text.dataset.node), text]));
  const readout = svg.parentElement.querySelector(".readout");
  const near = names.map(() => new Set());
  links.forEach(([left, right]) => { near[left].add(right); near[right].add(left); });
  let chosen = -1;
  let held = -1;

  function choose(node) {
    if (node === chosen) return;
    chosen = node;
    circles.forEach((circle, i) => {
      circle.classList.toggle("chosen", i === node);
      circle.classList.toggle("far", node >= 0 && i !== node && !near[node].has(i));
    });
    lines.forEach((line, i) => {
      line.classList.toggle("near", node >= 0 && links[i].includes(node));
      line.classList.toggle("far", node >= 0 && !links[i].includes(node));
    });
    readout.textContent = node < 0 ? "" : told(node);
  }

  function told(node) {
    const others = [...near[node]].map(i => names[i]);
    const rest = others.length > 6 ? ` and ${others.length - 6} others` : "";
    return `${names[node]} is linked with ${others.slice(0, 6).join(", ")}${rest}`;
  }

  function move(node, x, y) {
    const circle = circles[node];
    const [dx, dy] = [x - circle.cx.baseVal.value, y - circle.cy.baseVal.value];
    circle.setAttribute("cx", x);
    circle.setAttribute("cy", y);
    links.forEach(([left, right], i) => {
      if (left === node) { lines[i].setAttribute("x1", x); lines[i].setAttribute("y1", y); }
      if (right === node) { lines[i].setAttribute("x2", x); lines[i].setAttribute("y2", y); }
    });
    const label = labels.get(node);
    if (label) {
      label.setAttribute("x", +label.getAttribute("x") + dx);
      label.setAttribute("y", +label.getAttribute("y") + dy);
    }
  }

  svg.parentElement.classList.add("live");
  svg.setAttribute("tabindex", "0");
  svg.setAttribute("role", "application");
  svg.setAttribute("aria-roledescription", "graph; arrow keys walk through the accounts");
  svg.addEventListener("pointerover", event => { if (held < 0) choose(circles.indexOf(event.target)); });
  svg.addEventListener("pointerleave", () => { if (held < 0) choose(-1); });
  svg.addEventListener("blur", () => choose(-1));
  svg.addEventListener("keydown", event => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") choose(-1);
    if (!step) return;
    event.preventDefault();
    choose((Math.max(chosen, step > 0 ? -1 : 0) + step + names.length) % names.length);
  });
  svg.addEventListener("pointerdown", event => {
    held = circles.indexOf(event.target);
    if (held < 0) return;
    choose(held);
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", event => {
    if (held < 0) return;
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    move(held, Math.min(470, Math.max(10, at.x)), Math.min(330, Math.max(10, at.y)));
  });
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => { held = -1; });
}
