# Runs the recipe's functions named as arguments, in one shell, each in $srcdir, the way makepkg's run_function() does.
# The environment gives startdir, srcdir, pkgdir, CARCH ...; RBEE_STATUS_FILE receives the name of the function that runs.

plain() { local text=$1; shift; printf "    $text\n" "$@" >&2; }
msg() { local text=$1; shift; printf "==> $text\n" "$@"; }
msg2() { local text=$1; shift; printf "  -> $text\n" "$@"; }
ask() { local text=$1; shift; printf ":: $text" "$@"; }
warning() { local text=$1; shift; printf "==> WARNING: $text\n" "$@" >&2; }
error() { local text=$1; shift; printf "==> ERROR: $text\n" "$@" >&2; }

__rbee_status_file=$RBEE_STATUS_FILE
unset RBEE_STATUS_FILE
cd "$startdir" || exit 1
shopt -u extglob
source ./PKGBUILD || exit 1
shopt -s extglob

for __rbee_function in "$@"; do
  printf '%s\n' "$__rbee_function" >"$__rbee_status_file"
  msg "Starting %s()..." "$__rbee_function"
  cd "$srcdir" || exit 1
  set -o errexit -o errtrace
  "$__rbee_function"
  set +o errexit +o errtrace
done
