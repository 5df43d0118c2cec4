# What bash knows before the recipe: makepkg's umask, its message functions without their output, and source_safe.
umask 0022
unset CDPATH GREP_OPTIONS
msg() { :; }; msg2() { :; }; plain() { :; }; plainerr() { :; }; warning() { :; }; error() { :; }
gettext() { printf '%s\n' "$@"; }
shopt -s extglob
__rbee_source() {
	shopt -u extglob
	if ! source "$1"; then return 1; fi
	shopt -s extglob
}
