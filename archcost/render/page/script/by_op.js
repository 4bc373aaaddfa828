// A second tree of the same layers, below their ops: the order "by op" of the icicle shows it.

/** The layers of the model below their ops; the part of it with a key. */
function opTree(key) {
  opTree.known ??= makeOpTree();
  return opTree.known.get(key) ?? opTree.known.get(root.key);
}

function makeOpTree() {
  const groups = new Map();
  for (const leaf of leavesOf(root)) groups.set(opOf(leaf), [...(groups.get(opOf(leaf)) ?? []), leaf]);
  const top = { key: root.key, label: nameOf(root), sum: leavesOf(root), children: [], parent: null, rank: 0.5 };
  top.children = [...groups].map(([op, leaves], index) => {
    const children = leaves.map((leaf) => ({ ...leaf, label: pathOf(leaf), rank: (index + 0.5) / groups.size }));
    const group = { key: `op:${op}`, label: op, sum: leaves, parent: top, children, rank: children[0].rank };
    children.forEach((child) => (child.parent = group));
    return group;
  });
  return new Map([top, ...top.children].map((each) => [each.key, each]));
}
