export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** The word by which a script asks: `kante __complete WORD…`, the last word as far as it is typed. */
export const completeWord = '__complete'
/** The line that asks the shell for its own files, among lines `WORD<TAB>MEANING`. */
export const filesLine = ':files'

/** bash 3.2 (macOS) and newer. It cuts words at `=` and `:`, so they are put together again, and answers lose what stands before the cut. */
const bash = `# bash completion of kante; put into ~/.bashrc: source <(kante completion bash)
_kante() {
  local program=\${COMP_WORDS[0]} words=() word='' cut='' line value i
  [[ $(type -t "$program") == file ]] || program=kante
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if ((\${#words[@]} > 0)) && [[ $word == [=:] || \${COMP_WORDS[i - 1]} == [=:] ]]; then
      words[\${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
  done
  word=\${words[\${#words[@]} - 1]}
  [[ $word == *[=:]* ]] && cut=\${word%"\${word##*[=:]}"}
  COMPREPLY=()
  while IFS= read -r line; do
    value=\${line%%$'\\t'*}
    if [[ $value == ${filesLine} ]]; then
      while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "\${word#"$cut"}")
      compopt -o filenames 2>/dev/null
    elif [[ $value == "$cut"* ]]; then
      COMPREPLY+=("\${value#"$cut"}")
    fi
  done < <("$program" ${completeWord} "\${words[@]}" 2>/dev/null)
}
complete -F _kante kante
`

const zsh = `#compdef kante
# zsh completion of kante; put into ~/.zshrc after compinit: source <(kante completion zsh)
_kante() {
  local program=\${words[1]} line files=0
  local -a found
  whence -p -- "$program" >/dev/null || program=kante
  for line in "\${(@f)$("$program" ${completeWord} "\${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    if [[ $line == ${filesLine} ]]; then
      files=1
    else
      found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done
  (( \${#found} )) && _describe 'kante' found
  (( files )) && _files
  return 0
}
if [[ \${funcstack[1]} == _kante ]]; then _kante "$@"; else compdef _kante kante; fi
`

const fish = `# fish completion of kante; kante completion fish > ~/.config/fish/completions/kante.fish
function __kante_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  for line in (command kante ${completeWord} $words[2..-1] "$current" 2>/dev/null)
    if test "$line" = ${filesLine}
      __fish_complete_path "$current"
    else
      echo $line
    end
  end
end
complete -c kante -f -a '(__kante_complete)'
`

/** The script that a shell reads to complete `kante`: it asks `kante` itself at each TAB, so it never knows less than the program. */
export const completionScript = (shell: Shell): string => ({ bash, zsh, fish })[shell]
