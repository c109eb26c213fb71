#compdef PROGRAM
# Completion of PROGRAM in zsh: the program itself says what fits.
_FUNCTION() {
    local -a answer candidates ending
    local directive line word
    answer=("${(@f)$("${(Q)words[1]}" __complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2> /dev/null)}")
    directive=${answer[-1]#:}
    [[ $directive == <-> ]] || return 1
    for line in "${(@)answer[1,-2]}"; do
        word=${${line%%$'\t'*}//:/\\:}
        [[ $line == *$'\t'* ]] && word+=:${line#*$'\t'}
        candidates+=("$word")
    done
    # The candidates of --flag=value are values.
    [[ $PREFIX == --*=* ]] && compset -P 1 '*='
    ((directive & 2)) && ending=(-S '')
    _describe PROGRAM candidates "${(@)ending}" && return
    if ((directive & 16)); then
        _files -/
    elif ! ((directive & 4)); then
        _files
    fi
}
if [[ $funcstack[1] == _FUNCTION ]]; then
    _FUNCTION "$@"
else
    compdef _FUNCTION PROGRAM
fi
