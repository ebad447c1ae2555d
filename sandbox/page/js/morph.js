/**
 * Change a rendered tree into a freshly rendered one while keeping what the reader is using: the
 * focused button, a playing video, an opened spoiler. Listeners must therefore be delegated.
 */

const MEDIA = new Set(["IMG", "VIDEO", "AUDIO"]);

/** Attributes that belong to the reader, not to the message. */
const READER_STATE = new Set(["data-revealed", "tabindex"]);

/**
 * @param {Node} old the node on the page; it may be replaced
 * @param {Node} fresh the wanted state; consumed
 * @returns {Node} the node now standing in the page
 */
export function morph(old, fresh) {
  if (old.nodeName !== fresh.nodeName || keyOf(old) !== keyOf(fresh)) {
    old.replaceWith(fresh);
    return fresh;
  }
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return old;
  }
  morphAttributes(old, fresh);
  morphChildren(old, fresh);
  return old;
}

function keyOf(node) {
  return node.nodeType === Node.ELEMENT_NODE ? (node.dataset?.key ?? "") : "";
}

function morphAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !READER_STATE.has(name)) old.removeAttribute(name);
  }
  for (const { name, value } of [...fresh.attributes]) {
    if (READER_STATE.has(name) && old.hasAttribute(name)) continue;
    if (name === "src" && MEDIA.has(old.nodeName) && sameFile(old.src, fresh.src)) continue;
    if (old.getAttribute(name) === value) continue;
    // The page's content security policy refuses a style attribute, not the style object.
    if (name === "style") old.style.cssText = fresh.style.cssText;
    else old.setAttribute(name, value);
  }
}

/** Signed addresses of one file differ in their query only; reloading it would stop a video. */
function sameFile(left, right) {
  return left.split("?")[0] === right.split("?")[0];
}

/** The same for what is inside: `old` itself keeps its attributes. */
export function morphChildren(old, fresh) {
  const wanted = [...fresh.childNodes];
  wanted.forEach((child, index) => {
    const present = old.childNodes[index];
    if (!present) {
      old.append(child);
      return;
    }
    const moved = findKeyed(old, index, child);
    if (moved && moved !== present) old.insertBefore(moved, present);
    morph(old.childNodes[index], child);
  });
  while (old.childNodes.length > wanted.length) old.lastChild.remove();
}

function findKeyed(parent, from, child) {
  const key = keyOf(child);
  if (!key) return null;
  for (let index = from; index < parent.childNodes.length; index += 1) {
    if (keyOf(parent.childNodes[index]) === key) return parent.childNodes[index];
  }
  return null;
}
