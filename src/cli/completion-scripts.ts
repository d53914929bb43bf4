/** The scripts that shells load. Each asks the program itself what may stand next, so that none of them goes stale. */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Of bash 3.2 on (macOS), without the package bash-completion. */
const BASH = String.raw`# bash completion of trustmint. For this session: source <(trustmint completion bash)
_trustmint() {
  local line=${'$'}{COMP_LINE:0:COMP_POINT} words current value out beside prefix action
  IFS=$' \t\n' read -r -a words <<<"$line"
  # A space at the end begins a new word.
  case $line in *[[:space:]]) words+=('') ;; esac
  current=${'$'}{words[${'$'}{#words[@]} - 1]}
  out=$("${'$'}{words[0]/#\~/$HOME}" __complete "${'$'}{words[@]:1}" 2>/dev/null) || return
  beside=${'$'}{out##*:}
  COMPREPLY=()
  # bash replaces what follows the last of these characters, and no more.
  prefix=
  case $current in
    *=*) case $COMP_WORDBREAKS in *=*) prefix=${'$'}{current%"${'$'}{current##*=}"} ;; esac ;;
  esac
  while IFS=$'\t' read -r value _; do
    case $value in '' | :*) continue ;; esac
    COMPREPLY+=("${'$'}{value#"$prefix"}")
  done <<<"$out"
  case $beside in
    0) compopt -o filenames 2>/dev/null; action=-f ;;
    16) compopt -o filenames 2>/dev/null; action=-d ;;
    *) return ;;
  esac
  current=${'$'}{current#--*=}
  while IFS= read -r value; do
    [ -n "$value" ] && COMPREPLY+=("$value")
  done < <(compgen "$action" -- "$current")
}
complete -F _trustmint trustmint
`;

const ZSH = String.raw`#compdef trustmint
# zsh completion of trustmint. For this session: source <(trustmint completion zsh)
_trustmint() {
  local -a lines described
  local line value
  lines=("${'$'}{(@f)$(${'$'}{(Q)words[1]/#\~/$HOME} __complete "${'$'}{(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  (( ${'$'}{#lines} )) || return 1
  local beside=${'$'}{lines[-1]#:}
  for line in "${'$'}{(@)lines[1,-2]}"; do
    value=${'$'}{line%%$'\t'*}
    value=${'$'}{value//:/\\:}
    case $line in
      *$'\t'*) described+=("$value:${'$'}{line#*$'\t'}") ;;
      *) described+=("$value") ;;
    esac
  done
  (( ${'$'}{#described} )) && _describe -V trustmint described
  case $beside in
    0) compset -P '--*='; _files ;;
    16) compset -P '--*='; _files -/ ;;
  esac
}
# Loaded from a folder of $fpath the function is this file itself.
if [ "${'$'}{funcstack[1]}" = _trustmint ]; then
  _trustmint "$@"
else
  compdef _trustmint trustmint
fi
`;

const FISH = String.raw`# fish completion of trustmint. For this session: trustmint completion fish | source
function __trustmint_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    test (count $lines) -gt 0; or return
    set -l beside $lines[-1]
    set -e lines[-1]
    string join -- \n $lines
    set -l prefix (string match -r -- '^--[^=]*=' $current)
    set -l path (string replace -r -- '^--[^=]*=' '' "$current")
    switch $beside
        case ':0'
            for file in (__fish_complete_path "$path")
                echo "$prefix$file"
            end
        case ':16'
            for folder in (__fish_complete_directories "$path")
                echo "$prefix$folder"
            end
    end
end
complete -c trustmint -e
complete -c trustmint -f -k -a '(__trustmint_complete)'
`;

/** The script for `shell`, to be sourced. */
export function completionScript(shell: Shell): string {
  return { bash: BASH, zsh: ZSH, fish: FISH }[shell];
}
