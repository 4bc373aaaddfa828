"""``completion``: the script that teaches a shell to complete commands, options, files, models and params."""

from __future__ import annotations

from typing import Annotated

import typer

from archcost.commands.value_readers import WordOf

SCRIPTS = {
    "bash": r"""_archcost() {
    local IFS=$'\n'
    COMPREPLY=($(ARCHCOST_COMPLETE=bash "$1" "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null))
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=/:] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _archcost archcost
""",
    "zsh": r"""#compdef archcost
_archcost() {
    local line value
    local -a done_values done_texts open_values open_texts
    for line in "${(@f)$(ARCHCOST_COMPLETE=zsh "${words[1]}" "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        value="${line%%  *}"
        [[ -n $value ]] || continue
        if [[ $value == *[=/:] ]]; then
            open_values+=("$value") open_texts+=("$line")
        else
            done_values+=("$value") done_texts+=("$line")
        fi
    done
    compadd -l -d done_texts -a done_values
    compadd -l -S '' -d open_texts -a open_values
}
compdef _archcost archcost
""",
    "fish": r"""function __archcost_complete
    set -l words (commandline -opc)
    ARCHCOST_COMPLETE=fish $words[1] $words[2..-1] "$(commandline -ct)" 2>/dev/null | string replace "  " \t
end
complete -c archcost -f -a '(__archcost_complete)'
""",
}


def completion(
    shell: Annotated[str, typer.Argument(parser=WordOf("the shell", tuple(SCRIPTS)), metavar="SHELL", help="Yours.")],
) -> None:
    """Print the script that makes a shell complete commands, options, files, zoo models and params."""
    from archcost.render.exit import write_out

    write_out(SCRIPTS[shell])
