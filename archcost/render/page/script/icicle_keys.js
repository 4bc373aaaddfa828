// The icicle by mouse and by keyboard: the arrows move, Enter looks closer, Escape goes back.

function clickCell(event) {
  const key = event.target.closest("[data-item]")?.dataset.item;
  const item = key !== undefined && (state.order === "op" ? (opTree.known.get(key) ?? byKey.get(key)) : byKey.get(key));
  if (!item) return;
  if (item.key === focusOf().key) leave();
  else enter(item);
}

/** The half that the keyboard is in. */
let keyHalf = "up";

function icicleKey(event) {
  const moves = {
    ArrowLeft: () => sideways(-1),
    ArrowRight: () => sideways(1),
    ArrowUp: () => vertical("up"),
    ArrowDown: () => vertical("down"),
    Enter: () => enter(cursor()),
    Escape: leave,
    Home: () => go({ zoom: root.key, at: root.key }),
  };
  const move = moves[event.key];
  if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  move();
  const item = cursor();
  say(inWords(item));
  light(item.key);
}

/** A row for those who hear it. */
function inWords(item) {
  const figures = metrics.map((metric, place) => [figure(item, place), metric]).filter(([value]) => value);
  const words = figures.map(([, { name, label, unit }]) => `${sideText(item, placeOf(name), unit)} ${label}`);
  return `${withTimes(item)}: ${words.join(", ")}`;
}

/** The row that the keyboard is at, among those that are shown. */
function cursor() {
  const focus = focusOf();
  const shown = hierarchy(focus, (item) => item.children).find((part) => part.data.key === state.at);
  return shown ? shown.data : focus;
}

/** The rows of a half that are drawn at the level of one, in the order shown. */
function neighbours(item) {
  const look = lookOf();
  const parts = half(focusOf(), keyHalf === "up" && look.up ? look.up : look.down, keyHalf).parts;
  const here = parts.find((part) => part.data.key === item.key);
  return parts
    .filter((part) => here && part.depth === here.depth)
    .sort((left, right) => left.x0 - right.x0)
    .map((part) => part.data);
}

function sideways(step) {
  const row = neighbours(cursor());
  const next = row[row.findIndex((item) => item.key === cursor().key) + step];
  if (next) go({ at: next.key });
}

/** Away from the middle is down in the tree; across the middle is the other half. */
function vertical(direction) {
  const look = lookOf();
  if (!look.up) keyHalf = "down";
  const item = cursor();
  if (item.key === focusOf().key && look.up) keyHalf = direction;
  if (direction === keyHalf) {
    const place = placeOf(keyHalf === "up" && look.up ? look.up : look.down);
    const child = item.children.find((each) => widthOf(each, place) || each.children.length);
    if (child) go({ at: child.key });
  } else if (item.key !== focusOf().key && item.parent) go({ at: item.parent.key });
}
