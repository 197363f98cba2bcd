import type { CommandWords, OptionWords } from "./tree.js";

/** A `#compdef` function. */
export function zshScript(commands: readonly CommandWords[]): string {
  return `#compdef bulkhead
_bulkhead() {
  local -a commands
  commands=(
${commands.map(({ name, description }) => `    '${name}:${quoted(description)}'`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${commands.map(argumentsOf).join("\n")}
  esac
}
if [ "$funcstack[1]" = _bulkhead ]; then _bulkhead "$@"; else compdef _bulkhead bulkhead; fi
`;
}

function argumentsOf({ name, options }: CommandWords): string {
  const specs = options.flatMap((option) => option.names.map((each) => `      '${spec(each, option)}'`));
  const rest =
    name === "run" ? ["      '*::command:_normal'"] : name === "completion" ? ["      '1:shell:(bash zsh fish)'"] : [];
  return [
    `    ${name}) _arguments \\`,
    [...specs, ...rest, "      '--help[show help]'"].join(" \\\n"),
    "      ;;",
  ].join("\n");
}

function spec(name: string, { description, value }: OptionWords): string {
  const said = `*${name}[${quoted(description).replace(/[[\]]/g, "\\$&")}]`;
  switch (value) {
    case "none":
      return said;
    case "any":
      return `${said}:value: `;
    case "path":
      return `${said}:path:_files`;
    default:
      return `${said}:value:(${value.join(" ")})`;
  }
}

/** Within single quotes, and for `_describe`, where a colon separates. */
function quoted(text: string): string {
  return text.replace(/'/g, "'\\''").replace(/:/g, "\\:");
}
