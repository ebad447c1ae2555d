/** Where links lead: out of the page in a tab of their own, or to a message in it. */

const MESSAGE_LINK =
  /^https:\/\/(?:\w+\.)?discord(?:app)?\.com\/channels\/(?:\d+|@me)\/(\d+)(?:\/(\d+))?$/;

/**
 * The attributes of a link; one that names a channel or message stays in the page, because the
 * channels here exist nowhere else.
 * @param {string} url
 */
export function linkProps(url) {
  if (!/^(https?|discord):/.test(url)) return {};
  const inside = MESSAGE_LINK.exec(url);
  if (!inside) return { href: url, target: "_blank", rel: "noopener noreferrer" };
  return { href: url, data: { action: "visit", channelId: inside[1], id: inside[2] ?? "" } };
}
