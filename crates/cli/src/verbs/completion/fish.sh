# Completion of PROGRAM in fish: the program itself says what fits.
function _FUNCTION
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    set -l answer ($program __complete $words "$current" 2> /dev/null)
    set -l directive (string replace ':' '' -- $answer[-1])
    string match -qr '^\d+$' -- "$directive"; or return 1
    set -e answer[-1]
    # The candidates of --flag=value are values, and fish completes the whole word.
    set -l before ''
    set -l value $current
    if string match -q -- '--*=*' $current
        set -l parts (string split -m 1 = -- $current)
        set before $parts[1]=
        set value $parts[2]
    end
    for line in $answer
        echo -- $before$line
    end
    if test (math "bitand($directive, 16)") -ne 0
        string replace -r '^' -- $before (__fish_complete_directories $value)
    else if test (math "bitand($directive, 4)") -eq 0
        string replace -r '^' -- $before (__fish_complete_path $value)
    end
end
complete -c PROGRAM -e
complete -c PROGRAM -f -a '(_FUNCTION)'
