/** A box in the top layer beside what opened it: no scrolling area or dialog cuts it off. */

import { h } from "./dom.js";

const GAP_PX = 4;
const MARGIN_PX = 8;
const MIN_WIDTH_PX = 380;
const COMFORTABLE_HEIGHT_PX = 280;

export class Popup {
  #open = null;

  /**
   * @param {HTMLElement} anchor
   * @param {HTMLElement} content
   * @param {{onClose?: () => void, className?: string}} settings
   */
  constructor(anchor, content, { onClose = () => {}, className = "" } = {}) {
    this.anchor = anchor;
    this.onClose = onClose;
    this.element = h("div", { class: `popup ${className}`, popover: "manual" }, content);
  }

  get isOpen() {
    return this.#open !== null;
  }

  /** @param {{x: number, y: number} | null} point open there instead of beside the anchor */
  open(point = null) {
    if (this.isOpen) return;
    const closing = new AbortController();
    this.#open = closing;
    const host = this.anchor.closest("dialog") ?? document.body;
    host.append(this.element);
    this.element.showPopover();
    const place = () => (point ? this.#placeAt(point) : this.#placeBeside());
    place();
    const options = { signal: closing.signal, capture: true };
    addEventListener("resize", place, options);
    addEventListener("scroll", (event) => this.element.contains(event.target) || place(), options);
    addEventListener("pointerdown", (event) => this.#outside(event), options);
    const observer = new ResizeObserver(place);
    observer.observe(this.element);
    closing.signal.addEventListener("abort", () => observer.disconnect());
  }

  close() {
    if (!this.#open) return;
    this.#open.abort();
    this.#open = null;
    this.element.remove();
    this.onClose();
  }

  #outside(event) {
    const inside = this.element.contains(event.target) || this.anchor.contains(event.target);
    if (!inside) this.close();
  }

  #placeBeside() {
    const anchor = this.anchor.getBoundingClientRect();
    const width = Math.min(Math.max(anchor.width, MIN_WIDTH_PX), innerWidth - 2 * MARGIN_PX);
    const below = innerHeight - anchor.bottom - GAP_PX - MARGIN_PX;
    const above = anchor.top - GAP_PX - MARGIN_PX;
    const upwards = below < COMFORTABLE_HEIGHT_PX && above > below;
    const style = this.element.style;
    style.width = `${width}px`;
    style.maxHeight = `${upwards ? above : below}px`;
    style.left = `${clamp(anchor.left, MARGIN_PX, innerWidth - width - MARGIN_PX)}px`;
    style.top = upwards ? "auto" : `${anchor.bottom + GAP_PX}px`;
    style.bottom = upwards ? `${innerHeight - anchor.top + GAP_PX}px` : "auto";
  }

  #placeAt({ x, y }) {
    const { width, height } = this.element.getBoundingClientRect();
    this.element.style.left = `${clamp(x, MARGIN_PX, innerWidth - width - MARGIN_PX)}px`;
    this.element.style.top = `${clamp(y, MARGIN_PX, innerHeight - height - MARGIN_PX)}px`;
  }
}

const clamp = (value, low, high) => Math.max(low, Math.min(value, high));
