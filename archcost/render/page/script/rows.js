// The rows of the page, made of the nodes of one model or of aligned pairs of two, and what they are called.

/** The rows of the page in pre-order, each below its parent; the first is the whole model. */
function makeItems() {
  if (!model) return [];
  const pairs = two ? page.comparison.pairs : model.nodes.map((_, id) => [null, id]);
  const [before, after] = two ? models : [{ nodes: [] }, model];
  const byNode = { a: new Map(), b: new Map() };
  const taken = new Set([""]); // says of the state that nothing is chosen
  const items = pairs.map(([a, b], pair) => {
    const item = {
      key: "",
      pair,
      a: before.nodes[a] ?? null,
      b: after.nodes[b] ?? null,
      parent: null,
      children: [],
      rank: 0,
    };
    item.key = unusedKey((item.b ?? item.a).path, taken);
    if (a !== null) byNode.a.set(a, item);
    if (b !== null) byNode.b.set(b, item);
    return item;
  });
  items.forEach((item, index) => index && adopt(parentOf(item, before, after, byNode) ?? items[0], item));
  const left = items.filter((item) => !absorbed(item, byNode));
  rankLeaves(left);
  standIn(before.nodes, byNode.a);
  standIn(after.nodes, byNode.b);
  return Object.assign(left, { byNode });
}

/** Nodes without a row of their own have that of what is around them. */
function standIn(nodes, known) {
  nodes.forEach((node, id) => {
    if (!known.has(id) && known.has(node.parent)) known.set(id, known.get(node.parent));
  });
}

/** Whether a row is all that its parent holds, as the rounds of a repeat are: then the parent stands for it. */
function absorbed(item, byNode) {
  const { parent, a, b } = item;
  if (!parent?.parent || parent.children.length > 1 || timesOf(item) === 1 || !item.children.length) return false;
  if (Boolean(parent.a) !== Boolean(a) || Boolean(parent.b) !== Boolean(b)) return false;
  Object.assign(parent, { label: nameOf(parent), a, b, children: item.children });
  parent.children.forEach((child) => (child.parent = parent));
  for (const side of ["a", "b"]) byNode[side].forEach((owner, id) => owner === item && byNode[side].set(id, parent));
  return true;
}

/** A key for a path that no other row has. */
function unusedKey(path, taken) {
  let key = path;
  while (taken.has(key)) key += "'";
  taken.add(key);
  return key;
}

/** The nearest scope around a row that is a row too; the names of scopes between them become part of its own. */
function parentOf(item, before, after, byNode) {
  const [nodes, known, start] = item.b ? [after.nodes, byNode.b, item.b] : [before.nodes, byNode.a, item.a];
  const names = [start.name];
  for (let id = start.parent ?? null; id !== null; id = nodes[id].parent ?? null) {
    if (names.length > 1) item.label = names.join(".");
    if (known.has(id)) return known.get(id);
    names.unshift(nodes[id].name);
  }
  return null;
}

function adopt(parent, item) {
  item.parent = parent;
  parent.children.push(item);
}

/** Where each row stands in the run, from 0 to 1: its hue. */
function rankLeaves(items) {
  const leaves = items.filter((item) => !item.children.length);
  leaves.forEach((item, index) => (item.rank = (index + 0.5) / leaves.length));
  for (const item of [...items].reverse()) {
    if (item.children.length) item.rank = (item.children[0].rank + item.children.at(-1).rank) / 2;
  }
}

const leavesOf = (item) => (item.children.length ? item.children.flatMap(leavesOf) : [item]);
const shownNode = (item) => item.b ?? item.a;
const nameOf = (item) => item.label ?? shownNode(item).name;
const opOf = (item) => shownNode(item)?.op ?? shownNode(item)?.block ?? "";
const markOf = (item) => (two ? (page.comparison.marks?.[item.pair] ?? (!item.a ? "+" : !item.b ? "-" : "")) : "");
const timesOf = (item) => shownNode(item)?.times ?? 1; // rounds that follow each other
const items = makeItems();
const root = items[0];
const byKey = new Map(items.map((item) => [item.key, item]));
const withTimes = (item) => (timesOf(item) > 1 ? `${nameOf(item)} ×${timesOf(item)}` : nameOf(item));
const ancestors = (item) => (item.parent ? [...ancestors(item.parent), item] : [item]);
const pathOf = (item) => shownNode(item)?.path || nameOf(item);

/** How often a row runs in the model that it is shown of: its rounds times those of the scopes around it. */
const roundsOf = (item) => nodeRounds(shownNode(item), item.b ? model : models[0]);
const nodeRounds = (node, owner) => (node ? (node.times ?? 1) * nodeRounds(owner.nodes[node.parent], owner) : 1);
const longName = (item) => pathOf(item) + (roundsOf(item) > 1 ? ` ×${roundsOf(item)}` : "");
