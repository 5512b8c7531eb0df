"use strict";
/* How options become charts: what JSON cannot hold, sizes of letters, what is told of a point.
   The report has this in its page; the workshop loads it as a script of its own. */
const cityfunnelCharts = (() => {
  const letters = () => {
    const style = getComputedStyle(document.documentElement);
    const share = parseFloat(style.getPropertyValue("--letters")) || 0.82; // a page may ask for larger ones
    return Math.max(13, Math.round(share * parseFloat(style.fontSize)));
  };

  // --- ways to draw that JSON cannot hold ------------------------------------------------------
  const line = (from, to, y, width, colour) => ({
    type: "line", shape: { x1: from, y1: y, x2: to, y2: y }, style: { stroke: colour, lineWidth: width },
  });
  const known = values => values.every(value => typeof value === "number" && isFinite(value));
  const symbol = (name, x, y, size, colour, filled) => {
    const style = { fill: filled ? colour : "#ffffff", stroke: filled ? "#ffffff" : colour, lineWidth: filled ? 1 : 2 };
    const half = size / 2;
    const points = {
      diamond: [[x, y - half], [x + half, y], [x, y + half], [x - half, y]],
      triangle: [[x, y - half], [x + half, y + half], [x - half, y + half]],
      arrow: [[x, y + half], [x + half, y - half], [x - half, y - half]],
    }[name];
    if (points) return { type: "polygon", shape: { points }, style };
    if (name === "circle") return { type: "circle", shape: { cx: x, cy: y, r: half }, style };
    return { type: "rect", shape: { x: x - half, y: y - half, width: size, height: size, r: name === "roundRect" ? 4 : 0 }, style };
  };
  const raw = (series, params) => series.data[params.dataIndex].value;
  const place = (api, value, row) => api.coord([value, row]);
  const drawings = {
    interval: series => (params, api) => {
      const [lower, upper, low, high, row] = raw(series, params);
      const at = value => place(api, value, row), children = [];
      for (const [from, to, width] of [[lower, upper, 1.5], [low, high, 5]]) {
        if (!known([from, to])) continue;
        for (const [more, colour] of [[2, "#ffffff"], [0, "#000000"]]) { // a rim, to be seen on a bar
          children.push(line(at(from)[0], at(to)[0], at(from)[1], width + more, colour));
        }
      }
      return { type: "group", children };
    },
    forest: series => (params, api) => {
      const [middle, low, high, row, clear] = raw(series, params);
      if (!known([middle])) return { type: "group", children: [] };
      const colour = series.itemStyle.color, beyond = series.data[params.dataIndex].name;
      const [x, centre] = place(api, middle, row), y = centre + series.extra.offset * api.size([0, 1])[1];
      const children = known([low, high])
        ? [line(place(api, low, row)[0], place(api, high, row)[0], y, 2.5, colour)] : [];
      children.push(symbol(series.extra.symbol, x, y, 11, colour, clear));
      if (beyond) children.push({
        type: "text", style: {
          text: beyond, x: x + (middle > 0 ? -10 : 10), y, fill: colour, align: middle > 0 ? "right" : "left",
          verticalAlign: "middle", fontSize: letters(), backgroundColor: "#ffffff", padding: 1,
        },
      });
      return { type: "group", children };
    },
    dots: series => (params, api) => {
      const [mean, lower, upper, low, high, row] = raw(series, params), colour = series.itemStyle.color;
      if (!known([mean])) return { type: "group", children: [] };
      const [x, centre] = place(api, mean, row), y = centre + series.extra.offset * api.size([0, 1])[1];
      const children = [];
      if (known([lower, upper])) children.push(line(place(api, lower, row)[0], place(api, upper, row)[0], y, 1.2, colour));
      if (known([low, high])) children.push(line(place(api, low, row)[0], place(api, high, row)[0], y, 4, colour));
      children.push(symbol(series.extra.symbol, x, y, 10, colour, true));
      return { type: "group", children };
    },
  };

  // --- options become charts -------------------------------------------------------------------
  const day = point => point && Array.isArray(point.value) && typeof point.value[0] === "string" ? [point.value[0]] : [];
  const said = params => {
    const points = [params].flat().map(each => each.data).filter(point => point && point.tip);
    return [...day(points[0]), ...points.flatMap(point => point.tip)];
  };
  const tip = params => {
    const lines = said(params);
    if (!lines.length) return "";
    const box = document.createElement("div");
    box.className = "tip";
    box.textContent = lines.join("\n"); // as text: names are other people's words
    return box;
  };
  const pen = document.createElement("canvas").getContext("2d");
  const longest = (names, size) => {
    pen.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
    return Math.ceil(Math.max(0, ...names.map(name => pen.measureText(name).width))) + 2;
  };
  const axis = (option, size, width, side) => ({
    ...option,
    nameGap: option.nameLocation === "middle" ? size * 2 : 12,
    nameTruncate: { maxWidth: option.nameLocation === "middle" ? 0.55 * width : width },
    nameTextStyle: { fontSize: size, color: "#333333", align: option.nameLocation === "end" && side === "y" ? "left" : undefined },
    axisLine: { show: option.type !== "value", lineStyle: { color: "#666666" } },
    splitLine: { show: option.type === "value", lineStyle: { color: "#dddddd" } },
    splitNumber: option.type === "value" && side === "x" ? Math.max(2, Math.floor(width / 130)) : 5,
    axisLabel: {
      ...option.axisLabel, fontSize: size, color: "#1a1a1a", hideOverlap: option.type !== "category",
      ...(option.type === "category" ? { width: Math.min(longest(option.data.map(each => each.value ?? each), size * (option.data[0]?.value ? 1.1 : 1)), 18 * size, 0.4 * width), overflow: "break", lineHeight: size * 1.1 } : {}),
      ...(option.type === "time" ? { formatter: "{yyyy}" } : {}),
    },
    ...(option.type === "time" ? { minInterval: 31536000000 } : {}),
  });
  const short = (point, width) => width < 430 && point.name ? { ...point, name: point.name.split(",")[0] } : point;
  const sized = (option, width) => {
    const size = letters();
    return {
      ...option,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: size },
      grid: { ...option.grid, bottom: option.xAxis.name ? size * 1.9 + 6 : option.grid.bottom, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      tooltip: { ...option.tooltip, formatter: tip, confine: true, textStyle: { fontSize: size, color: "#1a1a1a" } },
      xAxis: axis(option.xAxis, size, width, "x"),
      yAxis: axis(option.yAxis, size, width, "y"),
      series: option.series.map(series => ({
        ...series,
        ...(series.renderItem ? { renderItem: drawings[series.renderItem](series) } : {}),
        ...(series.label ? { label: { ...series.label, fontSize: size - 1 } } : {}),
        ...(series.type === "scatter" ? { data: series.data.map(point => point.label || series.label ? short(point, width) : point) } : {}),
      })),
    };
  };

  /* Draw an option into a chart; series whose names are in `off` are left out. */
  const draw = (chart, box, option, off) => {
    const width = chart.getWidth();
    const names = [...new Set(option.series.map(series => series.name))];
    const selected = Object.fromEntries(names.map(name => [name, !off.has(name)]));
    chart.setOption({ ...sized(option, width), legend: { show: false, data: names, selected } }, true);
    const svg = box.querySelector("svg");
    if (svg) svg.setAttribute("viewBox", `0 0 ${width} ${chart.getHeight()}`); // so that paper can scale it
  };

  // --- points by keyboard ----------------------------------------------------------------------
  /* Tell points of a chart by arrow keys; `shown` gives the option and the set of names left out. */
  const walk = (box, chart, told, shown) => {
    let at = -1;
    box.addEventListener("keydown", event => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") { chart.dispatchAction({ type: "hideTip" }); told.textContent = ""; at = -1; }
      if (!step) return;
      event.preventDefault();
      const { option, off } = shown();
      const points = option.series.flatMap((series, seriesIndex) => off.has(series.name) ? [] :
        series.data.flatMap((point, dataIndex) => point && point.tip ? [{ seriesIndex, dataIndex, tip: [...day(point), ...point.tip] }] : []));
      if (!points.length) return;
      at = (at + step + points.length) % points.length;
      const { seriesIndex, dataIndex, tip: lines } = points[at];
      chart.dispatchAction({ type: "showTip", seriesIndex, dataIndex });
      told.textContent = lines.join("; ");
    });
    box.addEventListener("blur", () => { chart.dispatchAction({ type: "hideTip" }); told.textContent = ""; });
  };
  return { draw, walk };
})();
