/** A picture drawn on the spot, so that nobody needs a file at hand to try the bot. */

import { h } from "./dom.js";

const WIDTH = 960;
const HEIGHT = 640;

/** Sky from top to horizon, sun, far hills to near, sail. */
const PALETTES = [
  ["#2b1b58", "#e8615a", "#ffd27d", "#5b3a6e", "#3c2a5a", "#241b3f", "#fff2df"],
  ["#123a5e", "#5fb3c9", "#fff6c9", "#3f7f86", "#28606b", "#17424d", "#ffffff"],
  ["#3a1d3f", "#d9799f", "#ffe3c2", "#7a4a6f", "#573457", "#351f3c", "#fff7ef"],
];

/** @returns {Promise<File>} a PNG of a sail boat at dusk */
export async function samplePicture() {
  const canvas = h("canvas", { width: WIDTH, height: HEIGHT });
  paint(canvas.getContext("2d"), PALETTES[Math.floor(Math.random() * PALETTES.length)]);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return new File([blob], "sample-picture.png", { type: "image/png" });
}

function paint(ink, [top, horizon, sun, far, middle, near, sail]) {
  const sky = ink.createLinearGradient(0, 0, 0, HEIGHT * 0.68);
  sky.addColorStop(0, top);
  sky.addColorStop(1, horizon);
  ink.fillStyle = sky;
  ink.fillRect(0, 0, WIDTH, HEIGHT);
  disc(ink, WIDTH * 0.68, HEIGHT * 0.5, 70, sun);
  hills(ink, HEIGHT * 0.56, 46, 0.011, far);
  hills(ink, HEIGHT * 0.62, 30, 0.017, middle);
  water(ink, near, sun);
  boat(ink, WIDTH * 0.36, HEIGHT * 0.79, sail, near);
}

function disc(ink, x, y, radius, color) {
  ink.fillStyle = color;
  ink.beginPath();
  ink.arc(x, y, radius, 0, 2 * Math.PI);
  ink.fill();
}

function hills(ink, y, height, frequency, color) {
  ink.fillStyle = color;
  ink.beginPath();
  ink.moveTo(0, HEIGHT);
  for (let x = 0; x <= WIDTH; x += 8) {
    ink.lineTo(x, y - height * (Math.sin(x * frequency + y) + Math.sin(x * frequency * 2.3) / 2));
  }
  ink.lineTo(WIDTH, HEIGHT);
  ink.fill();
}

function water(ink, color, glint) {
  ink.fillStyle = color;
  ink.fillRect(0, HEIGHT * 0.68, WIDTH, HEIGHT);
  ink.fillStyle = glint;
  ink.globalAlpha = 0.35;
  for (let row = 0; row < 14; row += 1) {
    const width = 30 + row * 9;
    const x = WIDTH * 0.68 - width / 2 + Math.sin(row * 2.1) * 18;
    ink.fillRect(x, HEIGHT * 0.695 + row * 13, width, 4);
  }
  ink.globalAlpha = 1;
}

function boat(ink, x, y, sail, hull) {
  triangle(ink, [x - 4, y - 6, x - 4, y - 170, x - 84, y - 6], sail);
  triangle(ink, [x + 6, y - 6, x + 6, y - 140, x + 66, y - 6], sail);
  ink.fillStyle = hull;
  ink.strokeStyle = sail;
  ink.lineWidth = 3;
  ink.beginPath();
  ink.moveTo(x - 100, y);
  ink.quadraticCurveTo(x, y + 62, x + 100, y);
  ink.closePath();
  ink.fill();
  ink.stroke();
}

function triangle(ink, [ax, ay, bx, by, cx, cy], color) {
  ink.fillStyle = color;
  ink.beginPath();
  ink.moveTo(ax, ay);
  ink.quadraticCurveTo((bx + cx) / 2 - 6, (by + cy) / 2 - 14, cx, cy);
  ink.lineTo(ax, ay);
  ink.moveTo(ax, ay);
  ink.lineTo(bx, by);
  ink.lineTo(cx, cy);
  ink.fill();
}
