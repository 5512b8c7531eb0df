(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const data = id => JSON.parse(document.getElementById(id).textContent);

  // --- charts, in the size of the window or of the paper ---------------------------------------
  const hidden = new Map();
  const off = box => hidden.get(box.closest("figure")) || new Set();
  const draw = (chart, box, option) => cityfunnelCharts.draw(chart, box, option, off(box));
  const charts = new Map();
  for (const box of all(".chart")) {
    const option = data(box.dataset.chart);
    const chart = echarts.init(box, null, { renderer: "svg" });
    charts.set(box, { chart, option });
    draw(chart, box, option);
    const figure = box.closest("figure");
    cityfunnelCharts.walk(box, chart, figure.querySelector(".told"), () => ({ option, off: off(box) }));
  }
  const paper = box => box.closest(".panels-2, .panels-4") ? 335 : 680; // pixels, on A4
  const again = printed => charts.forEach(({ chart, option }, box) => {
    chart.resize(printed === true ? { width: paper(box) } : undefined);
    draw(chart, box, option);
  });
  let waiting = 0, before = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth === before) return;
    before = window.innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(again, 150);
  });
  window.addEventListener("beforeprint", () => again(true));
  window.addEventListener("afterprint", () => again());
  // --- legends and the picker of scenarios -----------------------------------------------------
  const press = (figure, button, on) => {
    const name = data(`${figure.id}-keys`)[button.dataset.series], off = hidden.get(figure) || new Set();
    button.setAttribute("aria-pressed", String(on));
    if (on) off.delete(name); else off.add(name);
    hidden.set(figure, off);
    for (const box of all(".chart", figure)) {
      const { chart, option } = charts.get(box);
      draw(chart, box, option);
    }
  };
  for (const figure of all("figure")) {
    for (const button of all(".keys button", figure)) {
      button.addEventListener("click", () => press(figure, button, button.getAttribute("aria-pressed") !== "true"));
    }
  }
  for (const picked of all("[data-pick]")) {
    picked.checked = true; // browsers keep what was chosen before a reload
    picked.addEventListener("change", () => {
      const chosen = `[data-policy="${picked.dataset.pick}"]`;
      for (const part of all(chosen)) part.hidden = !picked.checked;
      for (const figure of all("figure")) {
        for (const button of all(`.keys ${chosen} button`, figure)) press(figure, button, picked.checked);
      }
    });
  }

  // --- tables that sort ------------------------------------------------------------------------
  const order = (one, other) => {
    const [a, b] = [one, other].map(cell => "value" in cell.dataset ? Number(cell.dataset.value) : NaN);
    if (!isNaN(a) && !isNaN(b)) return a - b;
    if (isNaN(a) !== isNaN(b)) return isNaN(a) ? 1 : -1;
    return one.textContent.localeCompare(other.textContent, "en", { numeric: true });
  };
  for (const table of all("table.sortable")) {
    all("thead th", table).forEach((head, column, heads) => {
      head.querySelector("button").addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach(each => each.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const body = table.tBodies[0];
        const rows = [...body.rows].sort((a, b) => (up ? 1 : -1) * order(a.cells[column], b.cells[column]));
        body.append(...rows);
      });
    });
  }
  document.documentElement.dataset.ready = String(charts.size);
})();
