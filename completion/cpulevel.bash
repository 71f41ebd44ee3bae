# SPDX-License-Identifier: MIT
# Completion of cpulevel for bash.  Verbs and options are what the program's
# own --help says, so that they cannot be out of date.

# The words at the beginning of the lines that list the verbs.
_cpulevel_verbs()
{
	"$1" --help 2>/dev/null | sed -n 's/^  *\([a-z][a-z-]*\)  .*/\1/p'
}

_cpulevel_options()
{
	"$1" "$2" --help 2>/dev/null | grep -oE -- '(^|[[ ,])--?[a-z][a-z-]*' |
		grep -oE -- '-.*'
}

# What may follow an option; nothing: a file.
_cpulevel_values()
{
	case $2 in
	--guest)
		echo pv hvm hvm-shadow
		;;
	--of)
		echo raw host max default pv-max pv-default hvm-max \
			hvm-default hvm-shadow-max hvm-shadow-default level seen
		;;
	--from)
		"$1" import --formats 2>/dev/null | awk '{ print $1 }'
		;;
	--cap)
		echo level:x86-64-v1 level:x86-64-v2 level:x86-64-v3 \
			level:x86-64-v4
		;;
	esac
}

_cpulevel()
{
	local program=$1 word=$2 before=$3 words

	if [ "$COMP_CWORD" -eq 1 ]; then
		words="$(_cpulevel_verbs "$program") --help --version"
	elif [ "${word#-}" != "$word" ]; then
		words=$(_cpulevel_options "$program" "${COMP_WORDS[1]}")
	else
		words=$(_cpulevel_values "$program" "$before")
	fi
	COMPREPLY=()
	# No word has a blank or a pattern in it.
	# shellcheck disable=SC2207
	[ -z "$words" ] || COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _cpulevel cpulevel
