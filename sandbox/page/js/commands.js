/** The application's commands: flattened, filtered, and put into the form Discord expects. */

export const COMMAND = { CHAT: 1, USER: 2, MESSAGE: 3 };
export const OPTION = {
  SUBCOMMAND: 1,
  GROUP: 2,
  STRING: 3,
  INTEGER: 4,
  BOOLEAN: 5,
  USER: 6,
  CHANNEL: 7,
  ROLE: 8,
  MENTIONABLE: 9,
  NUMBER: 10,
  ATTACHMENT: 11,
};

/** What a command, option or choice is called in the member's language. */
export const nameOf = (item) => item.name_localized ?? item.name;

/** What it says about itself there. */
export const aboutOf = (item) => item.description_localized ?? item.description ?? "";

/** One thing that can be run: a command, or a subcommand with its path. */
export class Command {
  /**
   * @param {any} root the registered command
   * @param {any[]} path the subcommand group and subcommand, outermost first
   */
  constructor(root, path = []) {
    const leaf = path.at(-1) ?? root;
    this.root = root;
    this.path = path;
    this.type = root.type ?? COMMAND.CHAT;
    this.name = [root, ...path].map((item) => item.name).join(" ");
    this.spokenName = [root, ...path].map(nameOf).join(" ");
    this.description = aboutOf(leaf);
    this.options = leaf.options ?? [];
  }

  /** How people write it. */
  get title() {
    return this.type === COMMAND.CHAT ? `/${this.spokenName}` : this.spokenName;
  }

  /** The `data` of an interaction, with the options at the depth of the subcommand. */
  payload(options) {
    const nested = this.path.reduceRight(
      (inner, { type, name }) => [{ type, name, options: inner }],
      options,
    );
    const { id, version, name, type = COMMAND.CHAT, guild_id: guildId } = this.root;
    const data = { id, version, name, type, options: nested };
    return guildId ? { ...data, guild_id: guildId } : data;
  }
}

/**
 * Everything that can be run, subcommands spelled out.
 * @param {any[]} registered commands as the index lists them
 * @returns {Command[]}
 */
export function flatten(registered) {
  return registered.flatMap((root) => expand(root, root, []));
}

function expand(root, node, path) {
  const inner = (node.options ?? []).filter((item) => item.type <= OPTION.GROUP);
  if (!inner.length) return [new Command(root, path)];
  return inner.flatMap((item) => expand(root, item, [...path, item]));
}

/**
 * Commands for what was typed after the slash: names that begin so first, then names that hold it,
 * then descriptions that do.
 * @param {Command[]} commands
 * @param {string} typed
 */
export function matching(commands, typed) {
  const query = typed.trim().toLowerCase();
  const rank = (command) => {
    const names = [command.spokenName, command.name].map((name) => name.toLowerCase());
    if (names.some((name) => name.startsWith(query))) return 0;
    if (names.some((name) => name.includes(query))) return 1;
    return command.description.toLowerCase().includes(query) ? 2 : 3;
  };
  const ranked = commands.map((command) => ({ command, rank: rank(command) }));
  const found = ranked.filter((item) => item.rank < 3);
  found.sort((a, b) => a.rank - b.rank || a.command.spokenName.localeCompare(b.command.spokenName));
  return found.map((item) => item.command);
}
