// Where the boxes of the graph stand, which dagre says, and the lines between them.

function laidOut(scope, nodes) {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 18, ranksep: 30, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  const most = Math.max(...scope.edges.map(([, , bytes]) => Number(bytes)), 1);
  const end = (id, name) => {
    const key = id === null ? name : String(id);
    if (!graph.hasNode(key))
      graph.setNode(key, id === null ? { width: 64, height: 22, label: name } : { ...BOX, node: nodes[id], id });
    return key;
  };
  const ids = scope.edges.flatMap(([from, to]) => [from, to]).filter((id) => id !== null);
  [...new Set(ids)].sort((left, right) => left - right).forEach((id) => end(id)); // in the order of the run
  scope.edges.forEach(([from, to, bytes], index) => {
    const width = 1 + 5 * Math.sqrt(Number(bytes) / most);
    graph.setEdge(
      end(from, "input"),
      end(to, "output"),
      { bytes: Number(bytes), thick: width.toFixed(1) },
      String(index),
    );
  });
  layout(graph);
  if (isBackwards(graph)) mirror(graph);
  return graph;
}

/** Whether what runs first stands at the right of what runs later. */
function isBackwards(graph) {
  const boxes = graph
    .nodes()
    .map((key) => graph.node(key))
    .filter((box) => box.node)
    .sort((left, right) => left.id - right.id);
  return (
    boxes
      .slice(1)
      .reduce(
        (sum, box, index) => sum + (Math.abs(box.y - boxes[index].y) < 1 ? Math.sign(box.x - boxes[index].x) : 0),
        0,
      ) < 0
  );
}

function mirror(graph) {
  const { width } = graph.graph();
  for (const key of graph.nodes()) graph.node(key).x = width - graph.node(key).x;
  for (const edge of graph.edges()) for (const point of graph.edge(edge).points) point.x = width - point.x;
}

const arrowHead = () =>
  g(
    "defs",
    {},
    g(
      "marker",
      {
        id: "arrow",
        viewBox: "0 0 8 8",
        refX: 7,
        refY: 4,
        markerWidth: 7,
        markerHeight: 7,
        markerUnits: "userSpaceOnUse",
        orient: "auto",
      },
      g("path", { d: "M0,0L8,4L0,8z" }),
    ),
  );

function edgePath(edge) {
  return g(
    "path",
    { class: "edge", d: smooth(edge.points), "stroke-width": edge.thick, "marker-end": "url(#arrow)" },
    g("title", {}, short(edge.bytes, "bytes")),
  );
}

const pointText = ({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`;
const between = (left, right) => ({ x: (left.x + right.x) / 2, y: (left.y + right.y) / 2 });

/** A line through points whose corners are round. */
function smooth(points) {
  if (points.length < 3) return `M${pointText(points[0])}L${pointText(points.at(-1))}`;
  const corners = points.slice(1, -1).map((point, index, inner) => {
    const end = index === inner.length - 1 ? points.at(-1) : between(point, inner[index + 1]);
    return `Q${pointText(point)} ${pointText(end)}`;
  });
  return `M${pointText(points[0])}${corners.join("")}`;
}
