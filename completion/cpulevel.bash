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
	--platform)
		echo generic xen-4.17 xen-4.18 xen-4.19 xen-4.20 xen-4.21 \
			xen-4.22 xen-4.23 kvm-5.10 kvm-5.15 kvm-6.1 kvm-6.6 \
			kvm-6.8 kvm-6.12 kvm-6.18 kvm-7.2
		;;
	--from)
		"$1" import --formats 2>/dev/null | awk '{ print $1 }'
		;;
	--for)
		"$1" gen --list 2>/dev/null | awk '{ print $1 }'
		;;
	--as-model)
		echo qemu libvirt
		;;
	--cap)
		"$1" show level: 2>/dev/null |
			sed -n 's/^level:\([^ ]*\).*/\1/p'
		;;
	esac
}

# What the names of a sort are: level:, cpu:, model:.  bash takes the colon
# for the end of a word unless told otherwise; only what follows is completed.
_cpulevel_names()
{
	"$1" show "$2:" 2>/dev/null | sed -n 's/^[a-z]*:\([^ ]*\).*/\1/p'
}

_cpulevel()
{
	local program=$1 word=$2 before=$3 words sort=

	if [ "$word" = : ]; then
		sort=$before word=
	elif [ "$before" = : ]; then
		sort=${COMP_WORDS[COMP_CWORD - 2]}
	fi

	if [ "$COMP_CWORD" -eq 1 ]; then
		words="$(_cpulevel_verbs "$program") --help --version"
	elif [ -n "$sort" ]; then
		words=$(_cpulevel_names "$program" "$sort")
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
