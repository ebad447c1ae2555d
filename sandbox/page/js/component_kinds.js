/** The kinds of message component, and finding one in a message. */

export const COMPONENT = {
  ROW: 1,
  BUTTON: 2,
  STRING_SELECT: 3,
  TEXT_INPUT: 4,
  USER_SELECT: 5,
  ROLE_SELECT: 6,
  MENTIONABLE_SELECT: 7,
  CHANNEL_SELECT: 8,
  SECTION: 9,
  TEXT: 10,
  THUMBNAIL: 11,
  GALLERY: 12,
  FILE: 13,
  SEPARATOR: 14,
  CONTAINER: 17,
  LABEL: 18,
  FILE_UPLOAD: 19,
  RADIO_GROUP: 21,
  CHECKBOX_GROUP: 22,
  CHECKBOX: 23,
};

const SELECTS = new Set([
  COMPONENT.STRING_SELECT,
  COMPONENT.USER_SELECT,
  COMPONENT.ROLE_SELECT,
  COMPONENT.MENTIONABLE_SELECT,
  COMPONENT.CHANNEL_SELECT,
]);

/** Whether a component is a select menu of any kind. */
export const isSelect = ({ type }) => SELECTS.has(type);

/** Find the component with this custom id anywhere in a message. */
export function findComponent(components, customId) {
  for (const component of components ?? []) {
    if (component.custom_id === customId) return component;
    const inner = [...(component.components ?? []), component.accessory].filter(Boolean);
    const found = findComponent(inner, customId);
    if (found) return found;
  }
  return null;
}
