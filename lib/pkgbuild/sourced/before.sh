# What bash knows before the recipe: makepkg's umask, its message functions as they print into a file, and source_safe.
umask 0022
unset CDPATH GREP_OPTIONS
plain() { local mesg=$1; shift; printf "    ${mesg}\n" "$@"; }
msg() { local mesg=$1; shift; printf "==> ${mesg}\n" "$@"; }
msg2() { local mesg=$1; shift; printf "  -> ${mesg}\n" "$@"; }
plainerr() { plain "$@" >&2; }
warning() { local mesg=$1; shift; printf "==> WARNING: ${mesg}\n" "$@" >&2; }
error() { local mesg=$1; shift; printf "==> ERROR: ${mesg}\n" "$@" >&2; }
gettext() { printf '%s\n' "$@"; }
shopt -s extglob
__rbee_source() {
	shopt -u extglob
	if ! source "$1"; then return 1; fi
	shopt -s extglob
}
