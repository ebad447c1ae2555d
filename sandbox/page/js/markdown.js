/**
 * Discord's markdown as a tree of plain objects: `{type, ...}` with `children` where it nests.
 * Pure: the tree is turned into nodes by `markdown_view.js`.
 */

/** @typedef {{type: string, children?: Node[], [key: string]: any}} Node */

const FENCE = /^```(?:([\w+.#-]*)\n)?([\s\S]*?)```\n?/;
const HEADING = /^(#{1,3})[ \t]+(.+?)(?:\n|$)/;
const SUBTEXT = /^-#[ \t]+(.+?)(?:\n|$)/;
const QUOTE_REST = /^>>> ?([\s\S]*)$/;
const QUOTE = /^> (.*)(?:\n|$)/;
const LIST_ITEM = /^( *)([*-]|\d{1,9}\.)[ \t]+(.*)(?:\n|$)/;

/**
 * @param {string} text
 * @returns {Node[]} blocks; a run of ordinary lines is a `paragraph`
 */
export function parse(text) {
  const blocks = [];
  let rest = text.replaceAll("\r\n", "\n");
  let lines = "";
  const flush = () => {
    if (lines) blocks.push({ type: "paragraph", children: parseInline(lines.replace(/\n$/, "")) });
    lines = "";
  };
  while (rest) {
    const found = takeBlock(rest);
    if (found) {
      flush();
      blocks.push(found.node);
      rest = rest.slice(found.length);
    } else {
      const fence = rest.indexOf("```", 1);
      const end = rest.indexOf("\n") + 1 || rest.length;
      const stop = fence > 0 && fence < end && FENCE.test(rest.slice(fence)) ? fence : end;
      lines += rest.slice(0, stop);
      rest = rest.slice(stop);
    }
  }
  flush();
  return blocks;
}

function takeBlock(text) {
  let match = FENCE.exec(text);
  if (match && match[2].trim()) {
    return block(match, { type: "code_block", language: match[1] ?? "", text: match[2] });
  }
  match = HEADING.exec(text);
  if (match) return block(match, { type: "heading", level: match[1].length, ...inner(match[2]) });
  match = SUBTEXT.exec(text);
  if (match) return block(match, { type: "subtext", ...inner(match[1]) });
  match = QUOTE_REST.exec(text);
  if (match) return block(match, { type: "quote", children: parse(match[1]) });
  if (QUOTE.test(text)) return takeQuote(text);
  if (LIST_ITEM.test(text)) return takeList(text, 0);
  return null;
}

const block = (match, node) => ({ node, length: match[0].length });
const inner = (text) => ({ children: parseInline(text) });

function takeQuote(text) {
  let length = 0;
  const lines = [];
  for (;;) {
    const match = QUOTE.exec(text.slice(length));
    if (!match) break;
    lines.push(match[1]);
    length += match[0].length;
  }
  return { node: { type: "quote", children: parse(lines.join("\n")) }, length };
}

/** Consecutive items of one depth; deeper items become a list inside the item above. */
function takeList(text, depth) {
  const first = LIST_ITEM.exec(text);
  const ordered = first[2].endsWith(".");
  const node = { type: "list", ordered, start: ordered ? Number.parseInt(first[2], 10) : 1 };
  node.children = [];
  let length = 0;
  for (;;) {
    const rest = text.slice(length);
    const match = LIST_ITEM.exec(rest);
    if (!match || match[1].length < depth) break;
    const item = node.children.at(-1);
    if (item && match[1].length > depth + 1) {
      const nested = takeList(rest, match[1].length);
      item.children.push(nested.node);
      length += nested.length;
    } else {
      if (match[2].endsWith(".") !== ordered) break;
      node.children.push({ type: "item", children: parseInline(match[3]) });
      length += match[0].length;
    }
  }
  return { node, length };
}

/** Rules for what stands inside a line; the first that matches at a position wins. */
const INLINE = [
  [/^\\([^\w\s])/, (m) => ({ type: "text", text: m[1] })],
  [/^(`{1,2})(.+?)\1(?!`)/s, (m) => ({ type: "code", text: m[2].trim() || m[2] })],
  [/^<(https?:\/\/[^\s>]+)>/, (m) => link(m[1])],
  [/^<@!?(\d+)>/, (m) => ({ type: "user", id: m[1] })],
  [/^<@&(\d+)>/, (m) => ({ type: "role", id: m[1] })],
  [/^<#(\d+)>/, (m) => ({ type: "channel", id: m[1] })],
  [/^<\/([^:>]+):(\d+)>/, (m) => ({ type: "command", name: m[1], id: m[2] })],
  [/^<a?:(\w+):(\d+)>/, (m) => ({ type: "emoji", name: m[1], id: m[2] })],
  [/^<t:(-?\d{1,13})(?::([tTdDfFsSR]))?>/, (m) => time(m)],
  [/^@(everyone|here)\b/, (m) => ({ type: "everyone", text: m[0] })],
  [/^\[([^\]\n]+)\]\(<?(https?:\/\/[^\s)>]+)>?\)/, (m) => link(m[2], parseInline(m[1], true))],
  [/^https?:\/\/[^\s<]*[^\s<.,:;"'!?)\]*_~|]/, (m) => link(m[0])],
  [/^\*\*\*(?=\S)([\s\S]+?)\*\*\*(?!\*)/, (m, l) => both(m[1], l)],
  [/^\*\*(?=\S)([\s\S]+?)\*\*(?!\*)/, (m, l) => wrap("bold", m[1], l)],
  [/^__(?=\S)([\s\S]+?)__(?!_)/, (m, l) => wrap("underline", m[1], l)],
  [/^~~(?=\S)([\s\S]+?)~~/, (m, l) => wrap("strike", m[1], l)],
  [/^\|\|([\s\S]+?)\|\|/, (m, l) => wrap("spoiler", m[1], l)],
  [/^\*(?=[^\s*])((?:\*\*|[^*])+?)\*(?!\*)/, (m, l) => wrap("italic", m[1], l)],
  [/^_(?=[^\s_])((?:__|[^_])+?)_(?![_\w])/, (m, l) => wrap("italic", m[1], l)],
];

/** Characters that may begin a rule; everything up to the next of them is plain text. */
const SPECIAL = /[\\`<@[*_~|]|https?:/g;
const WORD = /\w/;

function link(url, children = null) {
  return { type: "link", url, children: children ?? [{ type: "text", text: url }] };
}

function time(match) {
  return { type: "time", unixS: Number(match[1]), style: match[2] ?? "f" };
}

function wrap(type, text, inLink) {
  return { type, children: parseInline(text, inLink) };
}

function both(text, inLink) {
  return { type: "bold", children: [wrap("italic", text, inLink)] };
}

/**
 * @param {string} text
 * @param {boolean} inLink links do not nest
 * @returns {Node[]}
 */
export function parseInline(text, inLink = false) {
  const nodes = [];
  let plain = "";
  let at = 0;
  while (at < text.length) {
    const found = matchAt(text, at, inLink);
    if (found) {
      if (plain) nodes.push({ type: "text", text: plain });
      plain = "";
      nodes.push(found.node);
      at += found.length;
    } else {
      SPECIAL.lastIndex = at + 1;
      const next = SPECIAL.exec(text)?.index ?? text.length;
      plain += text.slice(at, next);
      at = next;
    }
  }
  if (plain) nodes.push({ type: "text", text: plain });
  return nodes;
}

function matchAt(text, at, inLink) {
  if (text[at] === "_" && at > 0 && WORD.test(text[at - 1])) return null; // snake_case stays
  const rest = text.slice(at);
  for (const [pattern, make] of INLINE) {
    const match = pattern.exec(rest);
    if (!match) continue;
    const node = make(match, inLink);
    if (node.type === "link" && inLink) return null;
    return { node, length: match[0].length };
  }
  return null;
}

/** Markdown as one line of plain text, for previews and spoken labels. */
export function plainText(nodes) {
  const words = nodes.map((node) => {
    if (node.type === "spoiler") return "[spoiler]";
    if (node.children) return plainText(node.children);
    return node.text ?? (node.type === "emoji" ? `:${node.name}:` : "");
  });
  return words.join(" ").replace(/\s+/g, " ").trim();
}
