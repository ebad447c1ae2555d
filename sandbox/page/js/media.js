/** Pictures, videos, sounds and files, as attachments and inside components. */

import { h, icon } from "./dom.js";

const MAX_WIDTH = 550;
const MAX_HEIGHT = 350;

const BY_EXTENSION = {
  image: /\.(png|jpe?g|gif|webp|avif|svg)$/i,
  video: /\.(mp4|webm|mov)$/i,
  audio: /\.(mp3|wav|ogg|m4a|flac)$/i,
};

/**
 * @typedef {{url: string, contentType: string, name: string, sizeBytes: number | null,
 *            width: number | null, height: number | null, description: string,
 *            spoiler: boolean}} Media
 */

/** @returns {Media} */
export function fromAttachment(attachment) {
  return {
    url: attachment.url,
    contentType: attachment.content_type ?? "",
    name: attachment.filename,
    sizeBytes: attachment.size ?? null,
    width: attachment.width ?? null,
    height: attachment.height ?? null,
    description: attachment.description ?? "",
    spoiler: attachment.filename.startsWith("SPOILER_"),
  };
}

/** @returns {Media} from a component's unfurled media item */
export function fromItem(item, { description = "", spoiler = false } = {}) {
  return {
    url: item.url,
    contentType: item.content_type ?? "",
    name: new URL(item.url, location.href).pathname.split("/").at(-1),
    sizeBytes: null,
    width: item.width ?? null,
    height: item.height ?? null,
    description: description ?? "",
    spoiler: Boolean(spoiler),
  };
}

/** "image", "video", "audio" or "file". */
export function kindOf(media) {
  const declared = media.contentType.split("/")[0];
  if (BY_EXTENSION[declared]) return declared;
  const kinds = Object.keys(BY_EXTENSION);
  return kinds.find((kind) => BY_EXTENSION[kind].test(media.name)) ?? "file";
}

/** @returns {HTMLElement} shown by its kind */
export function mediaView(media) {
  const kind = kindOf(media);
  if (kind === "image") return spoilered(media, imageView(media));
  if (kind === "video") return spoilered(media, videoView(media));
  if (kind === "audio") return audioView(media);
  return fileView(media);
}

function imageView(media) {
  const image = h("img", {
    src: media.url,
    alt: media.description || media.name,
    loading: "lazy",
    class: "picture",
    testid: "image",
    ...fitted(media),
  });
  const props = { href: media.url, target: "_blank", rel: "noopener noreferrer", class: "media" };
  return h("a", props, image);
}

function videoView(media) {
  const video = h("video", {
    src: media.url,
    controls: true,
    playsinline: true,
    preload: "metadata",
    "aria-label": media.description || media.name,
    class: "video",
    testid: "video",
    ...fitted(media),
  });
  return h("div", { class: "media" }, video);
}

function audioView(media) {
  const player = h("audio", { src: media.url, controls: true, preload: "metadata" });
  player.setAttribute("aria-label", media.name);
  return h("div", { class: "file-card audio", testid: "audio" }, fileLine(media), player);
}

/** @returns {HTMLElement} a download card with name and size */
export function fileView(media) {
  return h("div", { class: "file-card", testid: "file" }, fileLine(media));
}

function fileLine(media) {
  const { url, name, sizeBytes } = media;
  const props = { href: url, target: "_blank", rel: "noopener noreferrer", download: name };
  const size = sizeBytes === null ? null : h("small", {}, formatBytes(sizeBytes));
  const text = h("div", {}, h("a", props, name), size);
  return h("div", { class: "file-line" }, icon("file"), text);
}

/** Reserve the final place before the file has loaded, so that nothing jumps. */
function fitted({ width, height }) {
  if (!width || !height) return {};
  const scale = Math.min(1, MAX_WIDTH / width, MAX_HEIGHT / height);
  const style = { "aspect-ratio": `${width} / ${height}`, width: `${Math.round(width * scale)}px` };
  return { width, height, style };
}

function spoilered(media, view) {
  if (!media.spoiler) return view;
  const props = { class: "spoiler media-spoiler", role: "button", tabindex: 0 };
  const data = { action: "spoiler" };
  return h("div", { ...props, "aria-label": "Show spoiler", data }, view);
}

/** A size as people read it. */
export function formatBytes(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(2)} MB`;
}
