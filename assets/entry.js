// What the script of the page (archcost/render/page/script/) takes from libraries: everything else in them stays out of the bundle.
export { hierarchy, partition } from "d3-hierarchy";
export { scaleLinear, scaleLog } from "d3-scale";
export { select } from "d3-selection";
export { zoom, zoomIdentity } from "d3-zoom";
export { Graph, layout } from "@dagrejs/dagre";
