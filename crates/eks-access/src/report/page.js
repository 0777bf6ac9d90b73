"use strict";
(function () {
  const $ = (id) => document.getElementById(id);
  document.documentElement.classList.add("scripted");

  // Folding.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-fold], button[data-unfold]");
    if (!button) return;
    const section = $(button.dataset.fold || button.dataset.unfold);
    for (const row of section.querySelectorAll("details.row:not([hidden])")) row.open = "unfold" in button.dataset;
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.fold");
    if (!button) return;
    const isOpen = button.getAttribute("aria-expanded") === "false";
    button.setAttribute("aria-expanded", String(isOpen));
    button.closest("tbody").classList.toggle("folded", !isOpen);
  });
  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let at = target; at; at = at.parentElement) if (at.localName === "details") at.open = true;
    if (target) target.scrollIntoView();
  }
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();

  // Filtering.
  const matrix = $("m");
  const form = $("filter");
  const text = (node) => node.textContent.toLowerCase();
  const principals = Array.from(document.querySelectorAll("#principals > .row"), (node, at) => {
    const line = $("m" + at);
    return { node, line, level: node.dataset.level, text: text(node.firstElementChild) + " " + text(node.querySelector(".full")) };
  });
  const lists = ["identities", "bindings", "roles"].map((id) => ({
    id,
    rows: Array.from(document.querySelectorAll("#" + id + " .row"), (node) => ({ node, text: text(node) })),
  }));
  const findings = Array.from(document.querySelectorAll(".finding"), (node) => ({ node, text: text(node) }));
  let shownColumn = 0;

  function showColumn(column) {
    if (!matrix || column === shownColumn) return;
    for (const row of matrix.rows) {
      if (row.classList.contains("group")) continue;
      const cells = row.cells;
      for (let at = 2; at < cells.length; at += 1) cells[at].hidden = column !== 0 && at !== column + 1;
    }
    shownColumn = column;
  }

  function filter() {
    const words = $("q").value.toLowerCase().split(/\s+/).filter(Boolean);
    const level = $("level").value;
    const column = Number($("namespace").value) || 0;
    const isMatch = (one) => words.every((word) => one.text.includes(word));
    let count = 0;
    for (const one of principals) {
      const cell = one.line && column ? one.line.cells[column + 1] : null;
      const link = cell && cell.firstElementChild;
      const isOfLevel = !level || (column ? link && link.classList.contains(level) : one.level === level);
      const isShown = isMatch(one) && isOfLevel && (!column || Boolean(link));
      one.node.hidden = !isShown;
      if (one.line) one.line.hidden = !isShown;
      count += isShown ? 1 : 0;
    }
    if (matrix) {
      for (const body of matrix.tBodies) {
        body.hidden = !Array.from(body.rows).some((row) => !row.classList.contains("group") && !row.hidden);
      }
      showColumn(column);
    }
    empty("principals", count, principals.length);
    for (const list of lists) {
      let shown = 0;
      for (const row of list.rows) {
        row.node.hidden = !isMatch(row);
        shown += row.node.hidden ? 0 : 1;
      }
      empty(list.id, shown, list.rows.length);
    }
    for (const one of findings) one.node.hidden = !isMatch(one);
    const isFiltered = words.length > 0 || level || column;
    $("count").textContent = isFiltered ? count + " of " + principals.length + " principals" : "";
  }
  function empty(id, shown, all) {
    const note = document.querySelector("[data-empty=" + id + "]");
    if (note) note.hidden = shown > 0 || all === 0;
  }
  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 80);
  });
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  if ($("q").value || $("level").value || $("namespace").value) filter();

  // Why: the reason of a cell, beside the matrix.
  const why = $("why");
  let chosen = null;
  function element(name, content, className) {
    const made = document.createElement(name);
    made.textContent = content;
    if (className) made.className = className;
    return made;
  }
  function copy(node) {
    const copied = node.cloneNode(true);
    copied.removeAttribute("id");
    for (const one of copied.querySelectorAll("[id]")) one.removeAttribute("id");
    return copied;
  }
  function explain(cell) {
    const line = cell.parentElement;
    const principal = $("p" + line.id.slice(1));
    const head = matrix.tHead.rows[0].cells[cell.cellIndex].textContent;
    const link = cell.querySelector("a");
    const body = $("why-body");
    $("why-h").textContent = cell.cellIndex === 1 ? "Why, in the whole cluster" : "Why, in " + head;
    body.replaceChildren(copy(principal.querySelector(".full")));
    const mapping = principal.querySelector(".way.first");
    const row = link && $(link.getAttribute("href").slice(1));
    if (row) {
      const level = element("p", "");
      level.append(...copy(row.cells[1]).childNodes);
      if (link.classList.contains("i")) level.append(", by the permissions in the whole cluster");
      body.append(level);
      if (row.cells[2].textContent) body.append(element("p", row.cells[2].textContent, "verbs"));
      const reason = copy(row.cells[3]);
      for (const way of reason.querySelectorAll("ol.way")) way.prepend(...copy(mapping).children);
      body.append(...reason.childNodes);
    } else {
      body.append(element("p", "No permissions here.", "warn"), copy(mapping));
      if (cell.cellIndex > 1) body.append(copy(principal.querySelector(".else")));
    }
    const all = element("a", "All permissions of this principal");
    all.href = "#" + principal.id;
    body.append(all);
    if (chosen) chosen.classList.remove("chosen");
    chosen = cell;
    cell.classList.add("chosen");
    why.hidden = false;
    why.scrollIntoView({ block: "nearest" });
    $("why-h").focus({ preventScroll: true });
  }
  function close() {
    if (why.hidden) return;
    why.hidden = true;
    if (chosen) {
      chosen.classList.remove("chosen");
      focusOn(chosen);
      chosen = null;
    }
  }
  $("why-close").addEventListener("click", close);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    const isTyping = event.target.closest("input, select, textarea");
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      $("q").focus();
    }
  });

  // The matrix is one stop of the Tab key; arrows move in it.
  let stop = null;
  function focusOn(cell) {
    const target = cell.querySelector("a") || cell;
    if (stop) stop.tabIndex = -1;
    target.tabIndex = 0;
    stop = target;
    target.focus();
  }
  function leaveOneStop() {
    for (const link of matrix.querySelectorAll("td a, tbody th a")) link.tabIndex = -1;
    stop = matrix.querySelector("td a");
    if (stop) stop.tabIndex = 0;
  }
  if (matrix) (window.requestIdleCallback || setTimeout)(leaveOneStop);
  if (matrix) {
    matrix.addEventListener("click", (event) => {
      const cell = event.target.closest("td");
      if (!cell || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      explain(cell);
    });
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    matrix.addEventListener("keydown", (event) => {
      const cell = event.target.closest("td, tbody th");
      if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Enter" && cell.localName === "td" && event.target === cell) return explain(cell);
      const by = step[event.key];
      if (!by) return;
      event.preventDefault();
      const next = by[0] ? below(cell, by[0]) : beside(cell, by[1]);
      if (next) focusOn(next);
    });
  }
  function beside(cell, by) {
    let next = cell;
    do next = by > 0 ? next.nextElementSibling : next.previousElementSibling;
    while (next && next.hidden);
    return next;
  }
  function below(cell, by) {
    const rows = matrix.rows;
    for (let at = cell.parentElement.rowIndex + by; at > 0 && at < rows.length; at += by) {
      const row = rows[at];
      const body = row.parentElement;
      const isShown = !row.hidden && !body.hidden && !body.classList.contains("folded");
      if (isShown && !row.classList.contains("group")) return row.cells[cell.cellIndex];
    }
    return null;
  }
})();
