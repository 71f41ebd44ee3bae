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

# Names of the fleet, from the store that the program would use.
_cpulevel_fleet()
{
	"$1" "$2" list --json 2>/dev/null | head -n 10000 |
		sed -n 's/.*"name": "\([^"]*\)".*/\1/p'
}

# The verbs of a verb: the second word of the lines of its help.
_cpulevel_subverbs()
{
	"$1" "$2" --help 2>/dev/null |
		sed -n "s/^  $2 \([a-z]*\).*/\1/p" | sort -u
}

# What the words after a verb of the fleet are; nothing: files.
_cpulevel_fleet_words()
{
	local program=$1 verb=$2 sub=$3 nr=$4

	case $verb in
	pool | host | vm | store)
		[ "$nr" -gt 2 ] || { _cpulevel_subverbs "$program" "$verb"; return; }
		;;
	level)
		[ "$nr" -gt 2 ] || [ -z "$sub" ] ||
			{ printf '%s\n' new list show set lattice; return; }
		;;
	audit)
		[ "$nr" -gt 2 ] || { printf '%s\n' pool host vm level; return; }
		;;
	esac
	case $verb-$sub-$nr in
	pool-show-3 | pool-add-3 | pool-remove-3 | pool-import-3 | \
		pool-drop-3 | host-list-3 | \
		vm-list-3 | level-lattice-3 | level-set-3 | drift-*-2 | \
		watch-*-2 | whatif-*-2 | mobility-*-2 | suggest-*-2 | audit-pool-3 | \
		blame-*-3)
		[ "$verb-$sub" != level-set ] ||
			{ printf '%s\n' pool group vm; return; }
		_cpulevel_fleet "$program" pool
		;;
	pool-remove-* | pool-add-* | host-show-3 | host-set-3 | host-retire-3 | \
		audit-host-3)
		_cpulevel_fleet "$program" host
		;;
	vm-boot-3 | vm-move-3 | vm-check-3 | vm-show-3 | vm-stop-3 | vm-remove-3 | \
		audit-vm-3 | explain-vm-3 | place-vm-3 | why-not-vm-3)
		_cpulevel_fleet "$program" vm
		;;
	why-not-*-3)
		_cpulevel_fleet "$program" pool
		;;
	place-*-2)
		echo vm
		;;
	level-show-3 | level-set-5 | audit-level-3)
		_cpulevel_fleet "$program" level
		;;
	level-set-4)
		_cpulevel_fleet "$program" "${COMP_WORDS[3]}"
		;;
	esac
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
	xen)
		echo get set
		;;
	--as-model)
		echo qemu libvirt
		;;
	--host | --to | --leave)
		_cpulevel_fleet "$1" host
		;;
	--follow)
		_cpulevel_fleet "$1" pool
		;;
	--level)
		_cpulevel_fleet "$1" level
		;;
	--state)
		echo active unreachable
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
		[ -n "$words" ] || [ "${before#--}" != "$before" ] ||
			words=$(_cpulevel_fleet_words "$program" \
				"${COMP_WORDS[1]}" "${COMP_WORDS[2]}" \
				"$COMP_CWORD")
	fi
	COMPREPLY=()
	# No word has a blank or a pattern in it.
	# shellcheck disable=SC2207
	[ -z "$words" ] || COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _cpulevel cpulevel
