# Completion of PROGRAM in bash: the program itself says what fits.
_FUNCTION() {
    local rest=${COMP_LINE:0:COMP_POINT} words=() word trimmed piece index
    # Bash splits words at = and : too; those that no blank divides are one.
    for ((index = 0; index <= COMP_CWORD; index++)); do
        trimmed=${rest#"${rest%%[![:space:]]*}"}
        piece=${COMP_WORDS[index]}
        ((${#piece} > ${#trimmed})) && piece=$trimmed
        if ((index > 0)) && [[ $trimmed == "$rest" ]]; then
            words[${#words[@]} - 1]+=$piece
        else
            words+=("$piece")
        fi
        rest=${trimmed#"$piece"}
    done
    local current=${words[${#words[@]} - 1]}
    [[ $piece == [=:] ]] && piece=
    # What bash keeps of the word: all before the piece, and for --flag=value nothing of the candidate.
    local kept=${current%"$piece"}
    [[ $kept == --*=* ]] && kept=${kept#*=}
    for index in "${!words[@]}"; do
        word=${words[index]/#\~\//$HOME/}
        words[index]=${word//[\'\"\\]/}
    done
    local answer
    answer=$("${words[0]}" __completeNoDesc "${words[@]:1}" 2> /dev/null) || return
    local directive=${answer##*:}
    COMPREPLY=()
    while IFS= read -r word; do
        [[ -n $word ]] || continue
        # Names come from files of others: bash must not read them as anything but a word.
        word=${word#"$kept"}
        # It stands there already.
        [[ -n $word ]] || continue
        printf -v word %q "$word"
        COMPREPLY+=("$word")
    done <<< "${answer%:*}"
    ((directive & 2)) && compopt -o nospace
    if ((directive & 16)); then
        compopt -o dirnames
    elif ! ((directive & 4)); then
        compopt -o default
    fi
}
complete -F _FUNCTION PROGRAM
