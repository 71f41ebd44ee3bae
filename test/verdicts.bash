# SPDX-License-Identifier: MIT
# What the tests of the verbs say of the last `run`: `load verdicts`.

# exits CODE; what was said is shown if it did not
exits() {
	echo "$output"
	[ "$status" -eq "$1" ]
}

# says TEXT: the last run's output has it
says() {
	if [[ $output != *"$1"* ]]; then
		echo "does not say: $1"
		echo "$output"
		return 1
	fi
}

# json FILE EXPRESSION: true of the document d
json() {
	python3 - "$@" <<-'EOF'
	import json, sys
	with open(sys.argv[1], encoding='utf-8') as f:
	    d = json.load(f)
	if not eval(sys.argv[2]):
	    sys.exit('not so: ' + sys.argv[2])
	EOF
}
