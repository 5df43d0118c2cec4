# Reports variables, functions and package-function overrides, each value ended by NUL. Overrides are found and evaluated by the rules of
# extract_function_variable and get_pkgbuild_attribute (libmakepkg util/pkgbuild.sh, GPL-2.0-or-later), inside functions whose local
# names are makepkg's, since the evaluated line may mention them.
__rbee_field() { builtin printf '%s\0' "$@" >&"$__rbee_out"; }
__rbee_variable() {
	local __flags __keys __key
	builtin declare -p "$1" &>/dev/null || return 0
	eval "__flags=\${$1@a}; __keys=(\"\${!$1[@]}\")"
	__rbee_field variable "$1" "-$__flags" "${#__keys[@]}"
	for __key in "${__keys[@]}"; do eval "__rbee_field \"\$__key\" \"\${$1[\$__key]}\""; done
}
array_build() {
	local dest=$1 src=$2 i keys values
	builtin declare -p "$2" &>/dev/null || return 1
	eval "keys=(\"\${!$2[@]}\")"
	eval "$dest=()"
	for i in "${keys[@]}"; do values+=("printf -v '$dest[$i]' %s \"\${$src[$i]}\";"); done
	eval "${values[*]}"
}
extract_global_variable() {
	local attr=$1 isarray=$2 outputvar=$3 ref
	if (( isarray )); then
		array_build ref "$attr"
		(( ${#ref[@]} )) && array_build "$outputvar" "$attr"
	else
		[[ ${!attr} ]] && printf -v "$outputvar" %s "${!attr}"
	fi
}
extract_function_variable() {
	local funcname=$1 attr=$2 isarray=$3 outputvar=$4 attr_regex= decl= r=1
	if (( isarray )); then
		printf -v attr_regex '^[[:space:]]* %s\\+?=\(' "$2"
	else
		printf -v attr_regex '^[[:space:]]* %s\\+?=[^(]' "$2"
	fi
	local __line
	for __line in "${__rbee_lines[@]}"; do
		[[ $__line =~ $attr_regex ]] || continue
		decl=${__line##*([[:space:]])}
		eval "${decl/#$attr/$outputvar}"
		r=0
	done
	return $r
}
get_pkgbuild_attribute() {
	local pkgname=$1 attrname=$2 isarray=$3 outputvar=$4
	if (( isarray )); then eval "$outputvar=()"; else printf -v "$outputvar" %s ''; fi
	extract_global_variable "$attrname" "$isarray" "$outputvar"
	extract_function_variable "package_$pkgname" "$attrname" "$isarray" "$outputvar"
}
__rbee_override() {
	local pkgname=$1 attrname=$2 isarray=$3 outvalue=
	get_pkgbuild_attribute "$pkgname" "$attrname" "$isarray" outvalue 2>/dev/null || return 0
	__rbee_field override "$pkgname" "$attrname" "$isarray" "${#outvalue[@]}" "${outvalue[@]}"
}
__rbee_overrides() {
	local __rbee_lines=() __rbee_all __keys=() __line __key __seen __isarray
	builtin mapfile -t __rbee_all < <(builtin declare -f "package_$1" || builtin declare -f package)
	for __line in "${__rbee_all[@]}"; do
		[[ $__line == *=* && $__line =~ $__rbee_assignment ]] || continue
		[[ " $__rbee_fields " = *" ${BASH_REMATCH[1]} "* ]] || continue
		__isarray=0
		[[ ${BASH_REMATCH[3]} = '(' ]] && __isarray=1
		__rbee_lines+=("$__line")
		__keys+=("${BASH_REMATCH[1]}${BASH_REMATCH[2]} $__isarray")
	done
	for __key in "${__keys[@]}"; do
		[[ "|$__seen|" != *"|$__key|"* ]] || continue
		__seen+="|$__key"
		__rbee_override "$1" "${__key% *}" "${__key#* }"
	done
}
__rbee_assignment='^[[:space:]]* ([a-z0-9]+)(_[A-Za-z0-9_]+)?\+?=(.)'
__rbee_report() {
	local __name __names
	builtin mapfile -t __names < <(builtin compgen -v)
	for __name in "${__names[@]}"; do
		[[ $__name =~ ^([a-z0-9]+)(_.*)?$ && " $__rbee_fields pkgname " = *" ${BASH_REMATCH[1]} "* ]] && __rbee_variable "$__name"
	done
	for __name in $(builtin compgen -A function); do
		case $__name in
			__rbee_* | array_build | extract_*_variable | get_pkgbuild_attribute) ;;
			gettext | msg | msg2 | plain | plainerr | warning | error) ;;
			*) __rbee_field function "$__name" ;;
		esac
	done
	pkgbase=${pkgbase:-${pkgname[0]}}
	srcdir=$BUILDDIR/src pkgdir=$BUILDDIR/pkg/$pkgbase
	local __all=("${pkgname[@]}")
	for __name in "${__all[@]}"; do __rbee_overrides "$__name"; done
}
