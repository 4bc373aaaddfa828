// The table as text to paste: CSV, Markdown and LaTeX, with exact figures.

/** What is shown, as rows of text, with exact figures. */
function shownTable() {
  const shown = shownColumns();
  const head = [
    "layer",
    ...shown.map((column) => column.label + ({ bytes: " (bytes)", ns: " (ns)" }[column.metric?.unit] ?? "")),
  ];
  const cells = ({ item }) => [longName(item), ...shown.map((column) => plainText(item, column))];
  return [head, ...tableRows().map(cells)];
}

function plainText(item, column) {
  if (!column.num) return column.text(item);
  if (column.change) return isKnown(item, column.place) ? String(column.value(item)) : "";
  const value = item.b?.figures[column.place];
  return value === null || value === undefined ? "" : String(value);
}

const asCsv = () =>
  shownTable()
    .map((row) => row.map((cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(","))
    .join("\n") + "\n";

function asMarkdown() {
  const [head, ...rows] = shownTable().map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return (
    [
      line(head),
      line([":--", ...shownColumns().map((column) => (column.num ? "--:" : ":--"))]),
      ...rows.map(line),
    ].join("\n") + "\n"
  );
}

function asLatex() {
  const safe = (cell) =>
    cell
      .replace(
        /[\\{}$&#^_~%]/g,
        (sign) => ({ "\\": "\\textbackslash{}", "^": "\\^{}", "~": "\\~{}" })[sign] ?? `\\${sign}`,
      )
      .replaceAll("×", "$\\times$")
      .replaceAll("Δ", "$\\Delta$")
      .replaceAll("…", "\\dots{}");
  const [head, ...rows] = shownTable().map((row) => `${row.map(safe).join(" & ")} \\\\`);
  const form = `l${shownColumns()
    .map((column) => (column.num ? "r" : "l"))
    .join("")}`;
  return (
    [`\\begin{tabular}{${form}}`, "\\toprule", head, "\\midrule", ...rows, "\\bottomrule", "\\end{tabular}"].join("\n")
    + "\n"
  );
}
