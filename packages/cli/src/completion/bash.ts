import type { CommandWords, OptionWords } from "./tree.js";

/** A `complete -F` function: subcommands, their options, and known values. */
export function bashScript(commands: readonly CommandWords[]): string {
  return `# bash completion for bulkhead
_bulkhead() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} word
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(" ")} help' -- "$current"))
    return
  fi
  # After -- comes the workload's own command line.
  for word in "\${COMP_WORDS[@]:2:COMP_CWORD-2}"; do
    if [ "$word" = -- ]; then
      COMPREPLY=($(compgen -c -f -- "$current"))
      return
    fi
  done
  case $command:$previous in
${commands.flatMap(valueCases).join("\n")}
  esac
  case $command in
${commands.map(optionCase).join("\n")}
  esac
}
complete -o filenames -F _bulkhead bulkhead
`;
}

function valueCases({ name, options }: CommandWords): readonly string[] {
  return options.flatMap((option) => {
    const reply = replyTo(option);
    return reply === undefined
      ? []
      : [`    ${option.names.map((each) => `${name}:${each}`).join("|")}) ${reply} return ;;`];
  });
}

function replyTo({ value }: OptionWords): string | undefined {
  switch (value) {
    case "none":
      return undefined;
    case "any":
      return "";
    case "path":
      return 'COMPREPLY=($(compgen -f -- "$current"));';
    default:
      return `COMPREPLY=($(compgen -W '${value.join(" ")}' -- "$current"));`;
  }
}

function optionCase({ name, options }: CommandWords): string {
  const words = name === "completion" ? "bash zsh fish" : options.flatMap(({ names }) => names).join(" ");
  return `    ${name}) COMPREPLY=($(compgen -W '${words} --help' -- "$current")) ;;`;
}
