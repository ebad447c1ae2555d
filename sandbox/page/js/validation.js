/**
 * What Discord's client checks before it sends: pure functions from an input to its value or the
 * sentence that explains what is wrong.
 */

import { OPTION } from "./commands.js";

/** @typedef {{value: any} | {error: string} | {empty: true}} Checked */

const INTEGER = /^[+-]?\d+$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Check the text typed for a string, integer or number option.
 * @param {any} option
 * @param {string} text
 * @returns {Checked}
 */
export function checkText(option, text) {
  if (option.type === OPTION.STRING) return checkString(option, text);
  const trimmed = text.trim();
  if (trimmed === "") return missing(option);
  const whole = option.type === OPTION.INTEGER;
  if (!(whole ? INTEGER : NUMBER).test(trimmed)) {
    return { error: whole ? "Enter a whole number." : "Enter a number." };
  }
  const value = Number(trimmed);
  if (!(whole ? Number.isSafeInteger(value) : Number.isFinite(value))) {
    return { error: "This number is too large." };
  }
  return inRange(value, option.min_value, option.max_value);
}

function checkString(option, text) {
  if (text.trim() === "") return missing(option);
  const problem = lengthProblem(text, option.min_length, option.max_length);
  return problem ? { error: problem } : { value: text };
}

/** An option left empty: fine unless the command requires it. */
export function missing(option) {
  return option.required ? { error: "This option is required." } : { empty: true };
}

function inRange(value, min = null, max = null) {
  const low = min !== null && value < min;
  const high = max !== null && value > max;
  if (!low && !high) return { value };
  if (min !== null && max !== null) return { error: `Enter a number from ${min} to ${max}.` };
  return { error: low ? `Enter ${min} or more.` : `Enter ${max} or less.` };
}

/**
 * Lengths are counted in code points, so that an emoji is one character.
 * @returns {string | null} the problem
 */
export function lengthProblem(text, min = null, max = null) {
  const length = [...text].length;
  if (max && length > max) return `Use at most ${max} characters (now ${length}).`;
  if (min && length < min) return `Use at least ${min} characters (now ${length}).`;
  return null;
}

/**
 * How many may be chosen.
 * @returns {string | null} the problem
 */
export function countProblem(count, min, max, what = "choice") {
  const several = (number) => `${number} ${what}${number === 1 ? "" : "s"}`;
  if (count < min) return `Make at least ${several(min)}.`;
  if (count > max) return `Make at most ${several(max)}.`;
  return null;
}

/** The range of an option in a few words, or "". */
export function rangeHint(option) {
  const { min_value: min = null, max_value: max = null } = option;
  if (min !== null && max !== null) return `${min} to ${max}`;
  if (min !== null) return `${min} or more`;
  if (max !== null) return `${max} or less`;
  return "";
}
