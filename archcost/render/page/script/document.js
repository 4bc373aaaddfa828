// What is drawn: the document `archcost.page/1` that stands in this file. Nothing is fetched.
// Its models have nodes; the rows made of them (rows.js) are what all views show.

// From vendor.js: modules of D3, and dagre.
const { hierarchy, partition, scaleLinear, scaleLog, select, zoom, zoomIdentity, Graph, layout } = archcostVendor;

/**
 * @typedef {number | string | null} Figure an integer; a string where it exceeds 2^53; null where it is unknown
 * @typedef {{name: string, path: string, op: ?string, parent: ?number, depth: number, times: number,
 *   figures: Figure[], input: number[][], output: number[][], line: ?number, file: ?number, detail: ?number,
 *   suggestion: ?number, edges: ?Array<[?number, ?number, number]>}} Node a layer or a scope of one model
 * @typedef {{name: string, label: string, unit: string}} Metric
 * @typedef {{name: string, label: string, steps: Figure[], fixed: {label: string, bytes: Figure}[], peak: number,
 *   limit?: Figure, phase?: number, labels?: number[],
 *   alive?: {sets: Array<Array<[number, Figure, string]>>, of: Array<?number>}}} Run memory, step by step
 * @typedef {{key: string, a: ?Node, b: ?Node, parent: ?Item, children: Item[], rank: number,
 *   pair: number, label?: string, sum?: Item[]}} Item
 *   a row of the page: a node (`b`), or a pair of nodes of two models that were aligned (`a` before, `b` after)
 */

/** The document in this file: as it stands, or unpacked where it is long. */
async function documentHere() {
  const place = document.getElementById("archcost-data");
  if (!place.dataset.packed) return JSON.parse(place.textContent);
  const bytes = Uint8Array.from(atob(place.textContent), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream(place.dataset.packed))).json();
}

const page = await documentHere();
const models = page.models;
const two = models.length === 2 && Boolean(page.comparison);
const model = models[models.length - 1];
const metrics = /** @type {Metric[]} */ (model ? model.metrics : []);
const NO_FIGURE = -1;

/** What a model is called: two are told apart where they have one name. */
const labelOf = (owner) => page.comparison?.labels[models.indexOf(owner)] ?? owner.name;

/** The operations that the page leads with: those of a training step where it is of one. */
const WORK = models.every((each) => each.work === model.work) ? model?.work : "macs";

/** What the figures are of, where that is said of all models: "a training step"; else empty. */
const RUN = models.every((each) => each.run === model.run) ? (model?.run ?? "") : "";

/** The place of a metric in the figures of nodes; NO_FIGURE if the document does not have it. */
const placeOf = (name) => metrics.findIndex((metric) => metric.name === name);
