/** Dates as Discord writes them, and the clocks that keep `<t:…:R>` true. */

const FORMATS = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { day: "2-digit", month: "2-digit", year: "numeric" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
  s: { dateStyle: "short", timeStyle: "short" },
  S: { dateStyle: "short", timeStyle: "medium" },
};

/** Units with the number of seconds from which they are used. */
const UNITS = [
  ["second", 1, 45],
  ["minute", 60, 45 * 60],
  ["hour", 3600, 22 * 3600],
  ["day", 86400, 26 * 86400],
  ["month", 2629800, 320 * 86400],
  ["year", 31557600, Infinity],
];

const ENGLISH = "en-GB";

/** Of the member who looks on. */
let language = ENGLISH;

/** Write dates and clocks from here on as a language does, by Discord's name for it. */
export function speak(locale) {
  language = !locale || locale.startsWith("en-") ? ENGLISH : locale;
}

/**
 * @param {number} unixS
 * @param {string} style one of Discord's letters
 * @param {number} nowMs
 */
export function formatTimestamp(unixS, style, nowMs = Date.now()) {
  if (style === "R") return relative(unixS, nowMs);
  return new Intl.DateTimeFormat(language, FORMATS[style] ?? FORMATS.f).format(unixS * 1000);
}

function relative(unixS, nowMs) {
  const seconds = unixS - nowMs / 1000;
  const [unit, size] = UNITS.find(([, , below]) => Math.abs(seconds) < below);
  const count = Math.round(seconds / size);
  return new Intl.RelativeTimeFormat(language, { numeric: "always" }).format(count, unit);
}

/** The time beside a name: the clock today, the date before. */
export function messageTime(timeMs, nowMs = Date.now()) {
  const clock = new Intl.DateTimeFormat(language, { timeStyle: "short" }).format(timeMs);
  const day = (ms) => new Date(ms).toDateString();
  if (day(timeMs) === day(nowMs)) return clock;
  if (day(timeMs) === day(nowMs - 86_400_000)) return `Yesterday at ${clock}`;
  return formatTimestamp(timeMs / 1000, "s", nowMs);
}

/** Renew every relative time on the page once a second. */
export function startClocks(signal) {
  const timer = setInterval(() => {
    for (const element of document.querySelectorAll("time[data-unix][data-style=R]")) {
      const text = formatTimestamp(Number(element.dataset.unix), "R");
      if (element.textContent !== text) element.firstChild.data = text;
    }
  }, 1000);
  signal.addEventListener("abort", () => clearInterval(timer));
}
